"""The log of acts: what administrators, organizers and trainers did for others

Revision: 0043, after 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'lines of the log are never changed'); END""",
        """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-366 days')
        BEGIN SELECT RAISE(ABORT, 'lines of the log are not deleted within a year'); END""",
        """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'lines of the log are never replaced'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION audit_line_is_final() RETURNS trigger AS $$
        BEGIN
          IF TG_OP = 'DELETE' THEN
            IF OLD.at <= now() - interval '366 days' THEN
              RETURN OLD;
            END IF;
          END IF;
          RAISE EXCEPTION 'lines of the log are never changed, nor deleted within a year'
            USING ERRCODE = 'integrity_constraint_violation';
        END
        $$ LANGUAGE plpgsql""",
        """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
        FOR EACH ROW EXECUTE FUNCTION audit_line_is_final()""",
        """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_line_is_final()""",
    ),
}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("via", sa.String(8), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(80), nullable=False),
        sa.Column("act", sa.String(30), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("thing", sa.String(20), nullable=False),
        sa.Column("thing_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("branch_name", sa.String(120), nullable=False),
        sa.Column("other_branch_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("request", sa.String(40), nullable=False),
        sa.CheckConstraint("via in ('page', 'command', 'worker')", name=op.f("ck_audit_via")),
        sa.ForeignKeyConstraint(["actor_id"], ["member.id"], name=op.f("fk_audit_actor_id")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_audit_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    for column in ("act", "actor_id", "branch_id", "other_branch_id", "member_id"):
        op.create_index(f"ix_audit_{column}", "audit", [column, "id"])
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_line_is_final()")
