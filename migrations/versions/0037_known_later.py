"""When a completion was written down; titles of themes in other languages beside the ledger

Revision: 0037, after 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("course_progress", "completion_undone"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("known_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("ledger_theme") as batch:
        batch.add_column(sa.Column("titles", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("ledger_theme") as batch:
        batch.alter_column("titles", server_default=None)
    tell_titles()


def tell_titles() -> None:
    theme, told = (
        sa.table(name, sa.column("id"), sa.column("title"), sa.column("titles", sa.JSON))
        for name in ("theme", "ledger_theme")
    )
    link = op.get_bind()
    known = set(link.scalars(sa.select(told.c.id)))
    for theme_id, title, titles in link.execute(sa.select(*theme.c)).all():
        words = {code: one["title"] for code, one in (titles or {}).items() if one.get("title")}
        if theme_id not in known:
            row = {"id": theme_id, "title": title, "titles": words}
            link.execute(sa.insert(told).values(row))
        elif words:
            link.execute(sa.update(told).where(told.c.id == theme_id).values(titles=words))


def downgrade() -> None:
    with op.batch_alter_table("ledger_theme") as batch:
        batch.drop_column("titles")
    for table in ("course_progress", "completion_undone"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("known_at")
