"""How members want pages to be: the easy mode

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "comfort",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("easy_mode", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_comfort_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_comfort")),
    )


def downgrade():
    op.drop_table("comfort")
