"""Learning paths, and assignments of them

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ONE_OF_TWO = "(course_id is null) != (theme_id is null)"
ONE_OF_THREE = (
    "(case when course_id is null then 0 else 1 end)"
    " + (case when theme_id is null then 0 else 1 end)"
    " + (case when path_id is null then 0 else 1 end) = 1"
)


def upgrade() -> None:
    op.create_table(
        "learning_path",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("summary", sa.String(length=600), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('draft', 'published', 'withdrawn')", name=op.f("ck_learning_path_state")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name=op.f("fk_learning_path_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_learning_path_branch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path")),
    )
    op.create_index(op.f("ix_learning_path_branch_id"), "learning_path", ["branch_id"])
    op.create_table(
        "path_step",
        sa.Column("path_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_path_step_course_id")),
        sa.ForeignKeyConstraint(
            ["path_id"], ["learning_path.id"], name=op.f("fk_path_step_path_id")
        ),
        sa.PrimaryKeyConstraint("path_id", "course_id", name=op.f("pk_path_step")),
    )
    op.create_index(op.f("ix_path_step_course_id"), "path_step", ["course_id"])
    op.create_table(
        "path_done",
        sa.Column("path_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_path_done_member_id")),
        sa.ForeignKeyConstraint(
            ["path_id"], ["learning_path.id"], name=op.f("fk_path_done_path_id")
        ),
        sa.PrimaryKeyConstraint("path_id", "member_id", name=op.f("pk_path_done")),
    )
    op.create_index(op.f("ix_path_done_member_id"), "path_done", ["member_id"])
    _one_thing(ONE_OF_THREE, with_path=True)


def downgrade() -> None:
    op.execute("DELETE FROM assignment_relief WHERE assignment_id IN "
               "(SELECT id FROM assignment WHERE path_id IS NOT NULL)")
    op.execute("DELETE FROM assignment WHERE path_id IS NOT NULL")
    _one_thing(ONE_OF_TWO, with_path=False)
    for table in ("path_done", "path_step", "learning_path"):
        op.drop_table(table)


def _one_thing(check: str, *, with_path: bool) -> None:
    """Add or drop the column, and say anew that one of the columns is filled."""
    name = op.f("ck_assignment_one_thing")
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.drop_constraint(name, "assignment", type_="check")
    # SQLite makes the table anew, and forgets its checks on the way.
    with op.batch_alter_table("assignment") as table:
        if with_path:
            table.add_column(sa.Column("path_id", sa.Integer(), nullable=True))
            table.create_foreign_key(
                op.f("fk_assignment_path_id"), "learning_path", ["path_id"], ["id"]
            )
            table.create_index(op.f("ix_assignment_path_id"), ["path_id"])
        else:
            table.drop_index(op.f("ix_assignment_path_id"))
            table.drop_constraint(op.f("fk_assignment_path_id"), type_="foreignkey")
            table.drop_column("path_id")
        table.create_check_constraint(name, check)
