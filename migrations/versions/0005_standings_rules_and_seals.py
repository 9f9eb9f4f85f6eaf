"""Standings beside the ledger, rules as data, daily seals

Revision: 0005, after 0004
"""

from datetime import UTC, timedelta

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER standing_step_in AFTER INSERT ON standing
    WHEN NEW.shown AND NEW.points > 0
    BEGIN
      INSERT INTO standing_step (span, theme_id, step, members)
      VALUES (NEW.span, NEW.theme_id, NEW.points / 16, 1)
      ON CONFLICT (span, theme_id, step) DO UPDATE SET members = members + 1;
    END""",
    """CREATE TRIGGER standing_step_move AFTER UPDATE OF points, shown ON standing
    WHEN OLD.shown <> NEW.shown OR OLD.points / 16 <> NEW.points / 16
      OR (OLD.points > 0) <> (NEW.points > 0)
    BEGIN
      UPDATE standing_step SET members = members - 1
      WHERE OLD.shown AND OLD.points > 0 AND span = OLD.span AND theme_id = OLD.theme_id
        AND step = OLD.points / 16;
      INSERT INTO standing_step (span, theme_id, step, members)
      SELECT NEW.span, NEW.theme_id, NEW.points / 16, 1 WHERE NEW.shown AND NEW.points > 0
      ON CONFLICT (span, theme_id, step) DO UPDATE SET members = members + 1;
    END""",
    """CREATE TRIGGER standing_step_out AFTER DELETE ON standing
    WHEN OLD.shown AND OLD.points > 0
    BEGIN
      UPDATE standing_step SET members = members - 1
      WHERE span = OLD.span AND theme_id = OLD.theme_id AND step = OLD.points / 16;
    END""",
    """CREATE TRIGGER member_comes AFTER INSERT ON member WHEN NEW.is_active
    BEGIN
      INSERT INTO branch_size (branch_id, members) VALUES (NEW.branch_id, 1)
      ON CONFLICT (branch_id) DO UPDATE SET members = members + 1;
    END""",
    """CREATE TRIGGER member_goes AFTER DELETE ON member WHEN OLD.is_active
    BEGIN
      UPDATE branch_size SET members = members - 1 WHERE branch_id = OLD.branch_id;
    END""",
    """CREATE TRIGGER member_moves AFTER UPDATE OF branch_id, is_active ON member
    WHEN OLD.branch_id <> NEW.branch_id OR OLD.is_active <> NEW.is_active
    BEGIN
      UPDATE branch_size SET members = members - 1
      WHERE OLD.is_active AND branch_id = OLD.branch_id;
      INSERT INTO branch_size (branch_id, members) SELECT NEW.branch_id, 1 WHERE NEW.is_active
      ON CONFLICT (branch_id) DO UPDATE SET members = members + 1;
      UPDATE branch_standing SET stale = 1 WHERE (span, branch_id) IN
        (SELECT span, branch_id FROM branch_share WHERE member_id = NEW.id);
    END""",
    """CREATE TRIGGER member_is_listed AFTER UPDATE OF is_active, in_rankings ON member
    WHEN (OLD.is_active AND OLD.in_rankings) <> (NEW.is_active AND NEW.in_rankings)
    BEGIN
      UPDATE standing SET shown = NEW.is_active AND NEW.in_rankings WHERE member_id = NEW.id;
    END""",
)
POSTGRESQL = (
    # One at a time, as in service.standings: two who change the same steps in another order
    # would wait for each other for ever.
    """CREATE OR REPLACE FUNCTION standing_steps() RETURNS trigger AS $$
    BEGIN
      IF TG_OP <> 'INSERT' AND OLD.shown AND OLD.points > 0 THEN
        UPDATE standing_step SET members = members - 1
        WHERE span = OLD.span AND theme_id = OLD.theme_id AND step = OLD.points / 16;
      END IF;
      IF TG_OP <> 'DELETE' AND NEW.shown AND NEW.points > 0 THEN
        INSERT INTO standing_step (span, theme_id, step, members)
        VALUES (NEW.span, NEW.theme_id, NEW.points / 16, 1)
        ON CONFLICT (span, theme_id, step) DO UPDATE SET members = standing_step.members + 1;
      END IF;
      RETURN NULL;
    END
    $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER standing_step AFTER INSERT OR DELETE OR UPDATE OF points, shown ON standing
    FOR EACH ROW EXECUTE FUNCTION standing_steps()""",
    """CREATE OR REPLACE FUNCTION member_in_standings() RETURNS trigger AS $$
    DECLARE
      came boolean := TG_OP <> 'DELETE' AND NEW.is_active;
      went boolean := TG_OP <> 'INSERT' AND OLD.is_active;
    BEGIN
      IF TG_OP = 'UPDATE' AND OLD.branch_id = NEW.branch_id AND OLD.is_active = NEW.is_active
          AND OLD.in_rankings = NEW.in_rankings THEN
        RETURN NULL;
      END IF;
      PERFORM pg_advisory_xact_lock(5701);
      IF TG_OP = 'UPDATE' AND (OLD.is_active AND OLD.in_rankings)
          <> (NEW.is_active AND NEW.in_rankings) THEN
        UPDATE standing SET shown = NEW.is_active AND NEW.in_rankings WHERE member_id = NEW.id;
      END IF;
      IF TG_OP = 'UPDATE' AND OLD.branch_id = NEW.branch_id AND came = went THEN
        RETURN NULL;
      END IF;
      IF went THEN
        UPDATE branch_size SET members = members - 1 WHERE branch_id = OLD.branch_id;
      END IF;
      IF came THEN
        INSERT INTO branch_size (branch_id, members) VALUES (NEW.branch_id, 1)
        ON CONFLICT (branch_id) DO UPDATE SET members = branch_size.members + 1;
      END IF;
      IF TG_OP = 'UPDATE' THEN
        UPDATE branch_standing SET stale = true WHERE (span, branch_id) IN
          (SELECT span, branch_id FROM branch_share WHERE member_id = NEW.id);
      END IF;
      RETURN NULL;
    END
    $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER member_in_standings
    AFTER INSERT OR DELETE OR UPDATE OF branch_id, is_active, in_rankings ON member
    FOR EACH ROW EXECUTE FUNCTION member_in_standings()""",
)
BOOK_TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER rule_book_no_update BEFORE UPDATE ON rule_book
        BEGIN SELECT RAISE(ABORT, 'a published book of rules never changes'); END""",
        """CREATE TRIGGER rule_book_no_delete BEFORE DELETE ON rule_book
        BEGIN SELECT RAISE(ABORT, 'a published book of rules never changes'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION rule_book_keeps() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'a published book of rules never changes'; END
        $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER rule_book_keeps BEFORE UPDATE OR DELETE ON rule_book
        FOR EACH ROW EXECUTE FUNCTION rule_book_keeps()""",
    ),
}


def upgrade() -> None:
    op.add_column(
        "member",
        sa.Column("in_rankings", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    # Added in place: a copy of the table would lose the triggers that guard it.
    op.add_column(
        "ledger_entry", sa.Column("theme_id", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "ledger_theme",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_theme")),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_seal")),
    )
    op.create_table(
        "rule_book",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 2", name=op.f("ck_rule_book_number")),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_rule_book_author_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rule_book")),
    )
    op.create_table(
        "rule_draft",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_rule_draft_one")),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_rule_draft_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_draft")),
    )
    op.create_table(
        "ranking_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ranking", sa.String(length=8), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "ranking in ('off', 'branch', 'everyone')", name=op.f("ck_ranking_choice_ranking")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name=op.f("fk_ranking_choice_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ranking_choice")),
    )
    op.create_table(
        "standing",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("span", sa.Integer(), nullable=False),
        sa.Column("theme_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_standing_member_id")),
        sa.PrimaryKeyConstraint("member_id", "span", "theme_id", name=op.f("pk_standing")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_standing_height", "standing", ["span", "theme_id", "shown", "height"])
    op.create_table(
        "standing_step",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("theme_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("span", "theme_id", "step", name=op.f("pk_standing_step")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "branch_share",
        sa.Column("span", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_branch_share_branch_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_branch_share_member_id")
        ),
        sa.PrimaryKeyConstraint("span", "branch_id", "member_id", name=op.f("pk_branch_share")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_branch_share_member", "branch_share", ["member_id", "span", "branch_id"])
    op.create_table(
        "branch_standing",
        sa.Column("span", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("takers", sa.Integer(), nullable=False),
        sa.Column("movers", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("median2", sa.Integer(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_branch_standing_branch_id")
        ),
        sa.PrimaryKeyConstraint("span", "branch_id", name=op.f("pk_branch_standing")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "branch_size",
        sa.Column("branch_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_branch_size")),
    )
    dialect = op.get_bind().dialect.name
    for statement in (SQLITE if dialect == "sqlite" else POSTGRESQL) + BOOK_TRIGGERS[dialect]:
        op.execute(statement)
    op.execute(
        "INSERT INTO branch_size (branch_id, members) "
        "SELECT branch_id, count(*) FROM member WHERE is_active GROUP BY branch_id"
    )
    _make_standings()


def _make_standings() -> None:
    """The standings of what is in the ledger already, as `flask points rebuild` makes them."""
    bind, zone = op.get_bind(), current_app.extensions["weike"].zone
    entry = sa.table(
        "ledger_entry",
        *(sa.column(name, sa.Integer) for name in ("id", "member_id", "branch_id", "amount")),
        sa.column("occurred_at", sa.DateTime(timezone=True)),
    )
    own: dict[tuple[int, int], list[int]] = {}
    shares: dict[tuple[int, int, int], int] = {}
    reached: dict[tuple[int, int], int] = {}
    for row in bind.execute(sa.select(entry).where(entry.c.amount != 0).order_by(entry.c.id)):
        moment = row.occurred_at
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        day = moment.astimezone(zone).date()
        for span in _spans(day):
            sums = own.setdefault((row.member_id, span), [0, 0])
            sums[0], sums[1] = sums[0] + row.amount, row.id
            share = (span, row.branch_id, row.member_id)
            shares[share] = shares.get(share, 0) + row.amount
            reached[span, row.branch_id] = row.id
    if not own:
        return
    active = dict(bind.execute(sa.text("SELECT id, is_active FROM member")).all())
    _insert(
        "standing (member_id, span, theme_id, points, height, shown) "
        "VALUES (:member, :span, 0, :points, :height, :shown)",
        [
            {
                "member": member,
                "span": span,
                "points": points,
                "height": points * 2**36 + 2**36 - 1 - last,
                "shown": bool(active[member]),
            }
            for (member, span), (points, last) in own.items()
        ],
    )
    _insert(
        "branch_share (span, branch_id, member_id, points) "
        "VALUES (:span, :branch, :member, :points)",
        [
            {"span": span, "branch": branch, "member": member, "points": points}
            for (span, branch, member), points in shares.items()
        ],
    )
    # Stale ones are computed when they are read, and again with the branch's next entry.
    _insert(
        "branch_standing (span, branch_id, takers, movers, points, median2, reached, stale) "
        "VALUES (:span, :branch, 0, 0, 0, 0, :reached, :stale)",
        [
            {"span": span, "branch": branch, "reached": last, "stale": True}
            for (span, branch), last in reached.items()
        ],
    )


def _spans(day) -> list[int]:
    firsts = [
        day,
        day - timedelta(days=day.weekday()),
        day.replace(day=1),
        day.replace(month=day.month - (day.month - 1) % 3, day=1),
        day.replace(month=1, day=1),
    ]
    keys = [
        kind * 10**8 + first.year * 10_000 + first.month * 100 + first.day
        for kind, first in enumerate(firsts, start=1)
    ]
    return [*keys, 6 * 10**8]


def _insert(into: str, rows: list[dict]) -> None:
    op.get_bind().execute(sa.text(f"INSERT INTO {into}"), rows)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("member_comes", "member_goes", "member_moves", "member_is_listed"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER member_in_standings ON member")
    for table in (
        "branch_size",
        "branch_standing",
        "branch_share",
        "standing_step",
        "standing",
        "ranking_choice",
        "rule_draft",
        "rule_book",
        "ledger_seal",
        "ledger_theme",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in ("member_in_standings", "standing_steps", "rule_book_keeps"):
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_column("ledger_entry", "theme_id")
    op.drop_column("member", "in_rankings")
