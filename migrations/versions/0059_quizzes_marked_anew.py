"""Quizzes of courses are marked anew, in steps

Revision: 0059, after 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0057"
branch_labels = None
depends_on = None

_GOING = sa.text("state in ('doing', 'undoing')")


def upgrade() -> None:
    with op.batch_alter_table("regrade") as batch:
        batch.add_column(sa.Column("state", sa.String(7), nullable=False, server_default="done"))
        batch.add_column(sa.Column("version_id", sa.Integer(), nullable=True))
        for name in ("until_id", "reached_id", "to_do", "done"):
            batch.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        batch.create_foreign_key(
            "fk_regrade_version_id", "question_version", ["version_id"], ["id"]
        )
        batch.create_check_constraint(
            "ck_regrade_state", "state in ('doing', 'done', 'undoing', 'undone')"
        )
    op.execute("update regrade set state = 'undone' where undone_at is not null")
    op.create_index(
        "uq_regrade_going_on",
        "regrade",
        ["course_id"],
        unique=True,
        sqlite_where=_GOING,
        postgresql_where=_GOING,
    )
    op.add_column("attempt", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    going = op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("regrade")).where(_GOING))
    if going:  # nobody could go on with it
        raise RuntimeError("A quiz is being marked anew just now: downgrade when that is done.")
    with op.batch_alter_table("attempt") as batch:
        batch.drop_column("changed_at")
    op.drop_index("uq_regrade_going_on", "regrade")
    with op.batch_alter_table("regrade") as batch:
        batch.drop_constraint("ck_regrade_state", type_="check")
        batch.drop_constraint("fk_regrade_version_id", type_="foreignkey")
        for name in ("done", "to_do", "reached_id", "until_id", "version_id", "state"):
            batch.drop_column(name)
