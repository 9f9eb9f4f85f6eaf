"""What has no seal yet is found by an index; a book of rules cannot be truncated

Revision: 0035, after 0034
"""

from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None

KEEPS = """CREATE OR REPLACE FUNCTION rule_book_keeps() RETURNS trigger AS $$
        BEGIN
          RAISE EXCEPTION 'a published book of rules never changes'
            USING ERRCODE = 'integrity_constraint_violation';
        END
        $$ LANGUAGE plpgsql"""
KEPT = """CREATE OR REPLACE FUNCTION rule_book_keeps() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'a published book of rules never changes'; END
        $$ LANGUAGE plpgsql"""
NO_TRUNCATE = """CREATE TRIGGER rule_book_no_truncate BEFORE TRUNCATE ON rule_book
        FOR EACH STATEMENT EXECUTE FUNCTION rule_book_keeps()"""


def upgrade() -> None:
    op.create_index('ix_ledger_entry_recorded', 'ledger_entry', ['recorded_at'], unique=False)
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(KEEPS)
        op.execute(NO_TRUNCATE)


def downgrade() -> None:
    op.drop_index('ix_ledger_entry_recorded', table_name='ledger_entry')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER rule_book_no_truncate ON rule_book')
        op.execute(KEPT)
