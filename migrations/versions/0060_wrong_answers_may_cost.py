"""A wrong answer may cost a share of the points of its question

Revision: 0060, after 0059
"""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In the words that SQLite and PostgreSQL share: no table is written anew for its constraint.
    for table in ("exam", "attempt"):
        op.execute(
            f"alter table {table} add column wrong_costs varchar(20) default '0' not null"
            f" constraint ck_{table}_wrong_costs"
            " check (cast(wrong_costs as numeric) between 0 and 1)"
        )


def downgrade() -> None:
    """Marks below 0 stay as they are; scores were never below 0."""
    for table in ("attempt", "exam"):
        op.drop_column(table, "wrong_costs")
