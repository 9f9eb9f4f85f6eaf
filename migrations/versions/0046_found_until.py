"""The last day on which a thing is found

Revision: 0046, after 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.add_column(sa.Column("until", sa.Date(), nullable=True))
        batch.create_index("ix_search_thing_until", ["until"])
    # Those that are known today; the calendar tells search of all others again.
    op.execute(
        sa.text(
            "UPDATE search_thing SET until = (SELECT valid_until FROM library_document"
            " WHERE library_document.uuid = search_thing.ref) WHERE kind = 'document'"
        )
    )


def downgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.drop_index("ix_search_thing_until")
        batch.drop_column("until")
