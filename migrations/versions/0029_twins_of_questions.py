"""Questions of the bank that look alike

Revision: 0029, after 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "question_twins",
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("apart_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_question_twins_order")),
        sa.ForeignKeyConstraint(
            ["apart_by"], ["member.id"], name=op.f("fk_question_twins_apart_by")
        ),
        sa.ForeignKeyConstraint(
            ["one_id"], ["question.id"], name=op.f("fk_question_twins_one_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["question.id"],
            name=op.f("fk_question_twins_other_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_question_twins")),
    )
    op.create_index(op.f("ix_question_twins_other_id"), "question_twins", ["other_id"])


def downgrade() -> None:
    op.drop_table("question_twins")
