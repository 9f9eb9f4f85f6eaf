"""The highest speed of a visit in per cent of the clock

Revision: 0024, after 0023
"""

from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('UPDATE visit SET speed = speed * 100')


def downgrade() -> None:
    op.execute('UPDATE visit SET speed = CASE WHEN speed > 100 THEN 2 ELSE 1 END')
