"""What a findable thing is made of: a learning path of courses

Revision: 0040, after 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.add_column(sa.Column("made_of", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("search_thing") as batch:
        batch.drop_column("made_of")
