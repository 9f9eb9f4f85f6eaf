"""Titles of themes and courses in other languages

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (('theme', 'titles'), ('course', 'titles'), ('search_thing', 'others')):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(column, sa.JSON(), nullable=False, server_default='{}'))


def downgrade() -> None:
    for table, column in (('search_thing', 'others'), ('course', 'titles'), ('theme', 'titles')):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(column)
