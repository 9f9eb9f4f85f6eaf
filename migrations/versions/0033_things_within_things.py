"""What stands in a thing is found by whoever may find that thing

Revision: 0033, after 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.add_column(
            sa.Column("within", sa.String(length=101), nullable=False, server_default="")
        )
        batch.create_index("ix_search_thing_within", ["within"])


def downgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.drop_index("ix_search_thing_within")
        batch.drop_column("within")
