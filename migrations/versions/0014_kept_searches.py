"""Searches that members keep, and what was searched and not found

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_kept",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("tells", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name="fk_search_kept_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_kept"),
        sa.UniqueConstraint("member_id", "text", "kind", name="uq_search_kept_member_id_text_kind"),
    )
    op.create_table(
        "search_missed",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "text", name="pk_search_missed"),
    )


def downgrade() -> None:
    op.drop_table("search_missed")
    op.drop_table("search_kept")
