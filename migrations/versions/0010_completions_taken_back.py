"""Completions that were taken back, so that reports of the past keep them

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "completion_undone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_completion_undone_course_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_completion_undone_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_undone")),
    )
    op.create_index("ix_completion_undone_member", "completion_undone", ["member_id", "course_id"])


def downgrade() -> None:
    op.drop_table("completion_undone")
