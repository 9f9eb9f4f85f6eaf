"""Groups of members with equal points, so that a place among thousands of them is found at once

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SQLITE = (
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
)
POSTGRESQL = """CREATE OR REPLACE FUNCTION standing_steps() RETURNS trigger AS $$
    BEGIN
      IF TG_OP <> 'INSERT' AND OLD.shown AND OLD.points > 0 THEN
        UPDATE standing_step SET members = members - 1
        WHERE span = OLD.span AND theme_id = OLD.theme_id AND step = OLD.points / 16;
        DELETE FROM standing_tie
        WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024
          AND members = 1;
        UPDATE standing_tie SET members = members - 1
        WHERE span = OLD.span AND theme_id = OLD.theme_id AND tie = OLD.height / 1024;
      END IF;
      IF TG_OP <> 'DELETE' AND NEW.shown AND NEW.points > 0 THEN
        INSERT INTO standing_step (span, theme_id, step, members)
        VALUES (NEW.span, NEW.theme_id, NEW.points / 16, 1)
        ON CONFLICT (span, theme_id, step) DO UPDATE SET members = standing_step.members + 1;
        INSERT INTO standing_tie (span, theme_id, tie, members)
        VALUES (NEW.span, NEW.theme_id, NEW.height / 1024, 1)
        ON CONFLICT (span, theme_id, tie) DO UPDATE SET members = standing_tie.members + 1;
      END IF;
      RETURN NULL;
    END
    $$ LANGUAGE plpgsql"""
POSTGRESQL_BEFORE = """CREATE OR REPLACE FUNCTION standing_steps() RETURNS trigger AS $$
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
    $$ LANGUAGE plpgsql"""


def upgrade() -> None:
    op.create_table(
        "standing_tie",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("theme_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tie", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("span", "theme_id", "tie", name=op.f("pk_standing_tie")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO standing_tie (span, theme_id, tie, members) "
        "SELECT span, theme_id, height / 1024, count(*) FROM standing "
        "WHERE shown AND points > 0 GROUP BY span, theme_id, height / 1024"
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute(POSTGRESQL)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("in", "move", "out"):
            op.execute(f"DROP TRIGGER standing_tie_{name}")
    else:
        op.execute(POSTGRESQL_BEFORE)
    op.drop_table("standing_tie")
