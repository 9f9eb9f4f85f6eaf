"""A duel knows who is at its table, and waits for nobody else

Revision: 0057, after 0054
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice_duel_stretch",
        sa.Column("duel_id", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("duel_id", "seat", "since", name="pk_practice_duel_stretch"),
        sa.ForeignKeyConstraint(
            *(["duel_id"], ["practice_duel.id"]),
            name="fk_practice_duel_stretch_duel_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("practice_duel_stretch")
