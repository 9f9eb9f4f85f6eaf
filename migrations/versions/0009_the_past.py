"""What branches, members and courses were called and where they belonged, by date

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "branch_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branch_past")),
    )
    op.create_index(op.f("ix_branch_past_branch_id"), "branch_past", ["branch_id"])
    op.create_table(
        "member_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_member_past_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_past")),
    )
    op.create_index(op.f("ix_member_past_member_id"), "member_past", ["member_id"])
    op.create_index("ix_member_past_branch_since", "member_past", ["branch_id", "since"])
    op.create_table(
        "course_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_course_past_course_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_past")),
    )
    op.create_index(op.f("ix_course_past_course_id"), "course_past", ["course_id"])
    # Of the time before, only today's state is known: it is taken to have held from the beginning.
    op.execute(
        "insert into branch_past (branch_id, name, path, since) "
        "select branch.id, branch.name, branch.path, first.at from branch, "
        "(select min(created_at) as at from member) as first where first.at is not null"
    )
    op.execute(
        "insert into member_past (member_id, branch_id, name, is_active, since) "
        "select id, branch_id, name, is_active, created_at from member"
    )
    op.execute(
        "insert into course_past (course_id, title, since) select id, title, created_at from course"
    )


def downgrade() -> None:
    for table in ("course_past", "member_past", "branch_past"):
        op.drop_table(table)
