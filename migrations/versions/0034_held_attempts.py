"""Of two sign-ins of a member, the one that opened the paper last goes on

Revision: 0034, after 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.add_column(
            sa.Column("held_by", sa.String(16), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("held_since", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("attempt") as batch:
        batch.alter_column("held_by", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("attempt") as batch:
        batch.drop_column("held_since")
        batch.drop_column("held_by")
