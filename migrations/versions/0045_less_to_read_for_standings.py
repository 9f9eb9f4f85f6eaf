"""Less to read and to write when a standing changes

Revision: 0045, after 0044
"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

NEW = """CREATE OR REPLACE FUNCTION standing_steps() RETURNS trigger AS $$
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
$$ LANGUAGE plpgsql"""
OLD = """CREATE OR REPLACE FUNCTION standing_steps() RETURNS trigger AS $$
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

LOW = """
UPDATE branch_standing SET low = coalesce((
  SELECT r.points FROM (
    SELECT s.points, row_number() OVER (ORDER BY s.points) AS place, count(*) OVER () AS people
    FROM branch_share AS s JOIN member AS m ON m.id = s.member_id AND m.is_active
    WHERE s.points > 0 AND s.span = branch_standing.span
      AND s.branch_id = branch_standing.branch_id
  ) AS r WHERE r.place = (r.people + 1) / 2
), 0)
"""


def upgrade() -> None:
    op.execute("ALTER TABLE branch_standing ADD COLUMN low INTEGER DEFAULT 0 NOT NULL")
    op.execute(LOW)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(NEW)


def downgrade() -> None:
    op.execute("ALTER TABLE branch_standing DROP COLUMN low")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(OLD)
