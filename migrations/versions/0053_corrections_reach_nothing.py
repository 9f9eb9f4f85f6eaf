"""What was taken back wholly, and what takes it back, decide no tie of points

Revision: 0053, after 0052
"""

from datetime import UTC, timedelta

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

ENTRY = sa.table(
    "ledger_entry",
    *(
        sa.column(name, sa.Integer)
        for name in ("id", "member_id", "seq", "amount", "theme_id", "corrects_seq")
    ),
    sa.column("reason", sa.String),
    sa.column("occurred_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    _order(corrections_reach=False)


def downgrade() -> None:
    _order(corrections_reach=True)


def _order(*, corrections_reach: bool) -> None:
    """Set anew the heights of those members of whose points some were corrected."""
    bind, zone = op.get_bind(), current_app.extensions["weike"].zone
    corrected = sa.select(ENTRY.c.member_id).where(ENTRY.c.reason == "correction").distinct()
    for member in bind.execute(corrected.order_by(ENTRY.c.member_id)).scalars().all():
        rows = bind.execute(
            sa.select(ENTRY).where(ENTRY.c.member_id == member).order_by(ENTRY.c.seq)
        ).all()
        taken = {row.corrects_seq: row.amount for row in rows if row.corrects_seq is not None}
        stands: dict[int, int] = {}
        reached: dict[tuple[int, int], int] = {}
        for row in rows:
            if row.corrects_seq is not None:
                stands[row.seq] = stands.get(row.corrects_seq, 0)
            else:
                stands[row.seq] = row.id if row.amount + taken.get(row.seq, 0) else 0
            if row.amount == 0 or row.reason in ("reward", "reward_back"):
                continue
            last = row.id if corrections_reach else stands[row.seq]
            moment = row.occurred_at
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            for span in _spans(moment.astimezone(zone).date()):
                for theme in {0, row.theme_id}:
                    reached[span, theme] = max(last, reached.get((span, theme), 0))
        # Points are named for the trigger that watches them.
        change = sa.text(
            "UPDATE standing SET points = points, height = points * 68719476736 + :low "
            "WHERE member_id = :member AND span = :span AND theme_id = :theme"
        )
        for (span, theme), last in reached.items():
            asked = {"member": member, "span": span, "theme": theme, "low": 2**36 - 1 - last}
            bind.execute(change, asked)


def _spans(day) -> list[int]:
    firsts = [
        day,
        day - timedelta(days=day.weekday()),
        day.replace(day=1),
        day.replace(month=day.month - (day.month - 1) % 3, day=1),
        day.replace(month=1, day=1),
    ]
    keys = [
        kind * 100_000_000 + first.year * 10_000 + first.month * 100 + first.day
        for kind, first in enumerate(firsts, start=1)
    ]
    return [*keys, 600_000_000]
