"""Assignments, how strictly a course is watched, and what was played once more

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "visit", sa.Column("in_order", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "visit", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("visit", sa.Column("check_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("visit", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("watch_budget", sa.Column("visit_id", sa.Integer(), nullable=True))
    op.add_column("lesson_progress", sa.Column("again", sa.JSON(), nullable=True))
    op.create_table(
        "course_watching",
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column("presence", sa.Boolean(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_course_watching_course_id")
        ),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_course_watching")),
    )
    op.create_table(
        "course_need",
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("needs_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("course_id != needs_id", name=op.f("ck_course_need_not_itself")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_course_need_course_id")
        ),
        sa.ForeignKeyConstraint(["needs_id"], ["course.id"], name=op.f("fk_course_need_needs_id")),
        sa.PrimaryKeyConstraint("course_id", "needs_id", name=op.f("pk_course_need")),
    )
    op.create_index(op.f("ix_course_need_needs_id"), "course_need", ["needs_id"])
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("theme_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(course_id is null) != (theme_id is null)", name=op.f("ck_assignment_one_thing")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_assignment_author_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_assignment_branch_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_assignment_course_id")),
        sa.ForeignKeyConstraint(["theme_id"], ["theme.id"], name=op.f("fk_assignment_theme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    for column in ("branch_id", "course_id", "theme_id"):
        op.create_index(op.f(f"ix_assignment_{column}"), "assignment", [column])
    op.create_table(
        "assignment_relief",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_assignment_relief_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name=op.f("fk_assignment_relief_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_assignment_relief_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_relief")),
        sa.UniqueConstraint(
            "assignment_id",
            "member_id",
            "created_at",
            name=op.f("uq_assignment_relief_assignment_id_member_id_created_at"),
        ),
    )
    op.create_index(
        "ix_assignment_relief_member", "assignment_relief", ["member_id", "assignment_id"]
    )


def downgrade() -> None:
    for table in ("assignment_relief", "assignment", "course_need", "course_watching"):
        op.drop_table(table)
    for table, column in (
        ("lesson_progress", "again"),
        ("watch_budget", "visit_id"),
        ("visit", "asked_at"),
        ("visit", "check_at"),
        ("visit", "alone"),
        ("visit", "in_order"),
    ):
        op.drop_column(table, column)
