"""Tables of standings: sums of the ledger that are kept beside it, and can always be made again.

Who writes an entry adds it to the standings in the same transaction. What changes with the member
(leaving, moving, not wanting to be listed) is brought in by triggers on the table of members, so
that nothing and nobody can forget it. `flask points verify` proves the sums equal to the ledger.
"""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, ForeignKey, Index, event
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Standing(Base):
    """A member's points in one period (rules.spans), of all themes (0) or of one.

    `height` orders: points, then who reached them first. `shown` says whether the member has a
    place: not when disabled or not wanting to be listed.
    """

    __tablename__ = "standing"
    __table_args__ = (
        Index("ix_standing_height", "span", "theme_id", "shown", "height"),
        {"sqlite_with_rowid": False},
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    span: Mapped[int] = mapped_column(primary_key=True)
    theme_id: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]
    height: Mapped[int] = mapped_column(BigInteger)
    shown: Mapped[bool]


class StandingStep(Base):
    """How many shown members stand in one step of points; a place is the steps above, added up."""

    __tablename__ = "standing_step"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    theme_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    members: Mapped[int]


class StandingTie(Base):
    """How many shown members have equal points that they reached with entries close together.

    Thousands can have the same points, on a day on which all have done the same; then their
    places follow from these groups.
    """

    __tablename__ = "standing_tie"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    theme_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tie: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    members: Mapped[int]


class BranchShare(Base):
    """The points that a member earned in one branch in one period."""

    __tablename__ = "branch_share"
    __table_args__ = (
        Index("ix_branch_share_member", "member_id", "span", "branch_id"),
        {"sqlite_with_rowid": False},
    )

    span: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    points: Mapped[int]


class BranchStanding(Base):
    """One branch in one period: `takers` are active members with points, `movers` those of them
    who belong to another branch by now, `median2` is twice the median of their points, which is
    that of the two in the middle; `low` is the lower one of these two.

    `reached` is the entry that changed it last. `stale` rows wait for the next entry of the
    branch, because a member left, came back or moved; readers compute those anew.
    """

    __tablename__ = "branch_standing"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: Mapped[int] = mapped_column(primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), primary_key=True)
    takers: Mapped[int]
    movers: Mapped[int]
    points: Mapped[int]
    median2: Mapped[int]
    low: Mapped[int] = mapped_column(default=0, server_default="0")
    reached: Mapped[int] = mapped_column(BigInteger)
    stale: Mapped[bool] = mapped_column(default=False)


class BranchSize(Base):
    """How many active members a branch has, without the branches below it."""

    __tablename__ = "branch_size"

    branch_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    members: Mapped[int]


# Migrations copy these lines. 16 is rules.STEP, 1024 is rules.TIE.
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
    """CREATE TRIGGER standing_tie_in AFTER INSERT ON standing
    WHEN NEW.shown AND NEW.points > 0
    BEGIN
      INSERT INTO standing_tie (span, theme_id, tie, members)
      VALUES (NEW.span, NEW.theme_id, NEW.height / 1024, 1)
      ON CONFLICT (span, theme_id, tie) DO UPDATE SET members = members + 1;
    END""",
    """CREATE TRIGGER standing_tie_move AFTER UPDATE OF points, height, shown ON standing
    WHEN OLD.shown <> NEW.shown OR OLD.height / 1024 <> NEW.height / 1024
      OR (OLD.points > 0) <> (NEW.points > 0)
    BEGIN
      DELETE FROM standing_tie
      WHERE OLD.shown AND OLD.points > 0 AND span = OLD.span AND theme_id = OLD.theme_id
        AND tie = OLD.height / 1024 AND members = 1;
      UPDATE standing_tie SET members = members - 1
      WHERE OLD.shown AND OLD.points > 0 AND span = OLD.span AND theme_id = OLD.theme_id
        AND tie = OLD.height / 1024;
      INSERT INTO standing_tie (span, theme_id, tie, members)
      SELECT NEW.span, NEW.theme_id, NEW.height / 1024, 1 WHERE NEW.shown AND NEW.points > 0
      ON CONFLICT (span, theme_id, tie) DO UPDATE SET members = members + 1;
    END""",
    """CREATE TRIGGER standing_tie_out AFTER DELETE ON standing
    WHEN OLD.shown AND OLD.points > 0
    BEGIN
      DELETE FROM standing_tie
      WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024
        AND members = 1;
      UPDATE standing_tie SET members = members - 1
      WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024;
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
    DECLARE
      went boolean := TG_OP <> 'INSERT' AND OLD.shown AND OLD.points > 0;
      came boolean := TG_OP <> 'DELETE' AND NEW.shown AND NEW.points > 0;
    BEGIN
      IF NOT (went AND came AND OLD.points / 16 = NEW.points / 16) THEN
        IF went THEN
          UPDATE standing_step SET members = members - 1
          WHERE span = OLD.span AND theme_id = OLD.theme_id AND step = OLD.points / 16;
        END IF;
        IF came THEN
          INSERT INTO standing_step (span, theme_id, step, members)
          VALUES (NEW.span, NEW.theme_id, NEW.points / 16, 1)
          ON CONFLICT (span, theme_id, step) DO UPDATE SET members = standing_step.members + 1;
        END IF;
      END IF;
      IF NOT (went AND came AND OLD.height / 1024 = NEW.height / 1024) THEN
        IF went THEN
          DELETE FROM standing_tie
          WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024
            AND members = 1;
          IF NOT FOUND THEN
            UPDATE standing_tie SET members = members - 1
            WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024;
          END IF;
        END IF;
        IF came THEN
          INSERT INTO standing_tie (span, theme_id, tie, members)
          VALUES (NEW.span, NEW.theme_id, NEW.height / 1024, 1)
          ON CONFLICT (span, theme_id, tie) DO UPDATE SET members = standing_tie.members + 1;
        END IF;
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
for _dialect, _statements in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
    for _statement in _statements:
        event.listen(
            Standing.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
