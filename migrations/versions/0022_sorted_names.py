"""Names of members are sorted by their pinyin

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

from app.members.rules.order import sorting

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "member",
        sa.Column("sorted_name", sa.String(length=700), server_default="", nullable=False),
    )
    member = sa.table('member', sa.column('id', sa.Integer), sa.column('name', sa.String), sa.column('sorted_name', sa.String))
    connection = op.get_bind()
    for member_id, name in connection.execute(sa.select(member.c.id, member.c.name)).all():
        connection.execute(sa.update(member).where(member.c.id == member_id).values(sorted_name=sorting(name)))


def downgrade() -> None:
    op.drop_column("member", "sorted_name")
