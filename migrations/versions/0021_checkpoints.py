"""Questions inside recordings, and what was answered to them

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.CheckConstraint("at_ms between 0 and 1200000", name=op.f("ck_checkpoint_moment")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lesson.id"], name=op.f("fk_checkpoint_lesson_id")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_checkpoint_question_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
        sa.UniqueConstraint("lesson_id", "question_id", name=op.f("uq_checkpoint_lesson_id_question_id")),
    )
    op.create_index(op.f("ix_checkpoint_question_id"), "checkpoint", ["question_id"])
    op.create_table(
        "checkpoint_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.Integer(), nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_checkpoint_answer_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"],
            ["checkpoint.id"],
            name=op.f("fk_checkpoint_answer_checkpoint_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["question_version.id"], name=op.f("fk_checkpoint_answer_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint_answer")),
    )
    op.create_index(
        op.f("ix_checkpoint_answer_checkpoint_id"), "checkpoint_answer", ["checkpoint_id"]
    )
    op.create_index(
        "ix_checkpoint_answer_member", "checkpoint_answer", ["member_id", "checkpoint_id"]
    )


def downgrade() -> None:
    op.drop_table("checkpoint_answer")
    op.drop_table("checkpoint")
