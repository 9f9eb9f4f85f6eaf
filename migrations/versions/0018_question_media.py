"""Sounds in texts, where a question was taught, and files as answers

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sound",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(32), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["member.id"], name=op.f("fk_sound_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sound")),
        sa.UniqueConstraint("uuid", name=op.f("uq_sound_uuid")),
    )
    op.create_index(op.f("ix_sound_owner_id"), "sound", ["owner_id"])
    op.create_table(
        "question_place",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(9), nullable=False),
        sa.Column("ref", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("finish", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind in ('recording', 'document')", name=op.f("ck_question_place_kind")
        ),
        sa.CheckConstraint(
            "start >= 0 and (finish is null or finish >= start)",
            name=op.f("ck_question_place_span"),
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["question.id"],
            name=op.f("fk_question_place_question_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_question_place")),
    )
    op.create_table(
        "answer_file",
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("ending", sa.String(8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_answer_file_member_id")
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_answer_file")),
    )
    op.create_index(op.f("ix_answer_file_member_id"), "answer_file", ["member_id"])


def downgrade() -> None:
    op.drop_table("answer_file")
    op.drop_table("question_place")
    op.drop_table("sound")
