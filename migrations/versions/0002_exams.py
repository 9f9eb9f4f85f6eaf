"""Exams

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

KEEPS = {
    "sqlite": (
        """CREATE TRIGGER exam_event_keeps_UPDATE BEFORE UPDATE ON exam_event
BEGIN SELECT RAISE(ABORT, 'what happened in an exam is never changed'); END""",
        """CREATE TRIGGER exam_event_keeps_DELETE BEFORE DELETE ON exam_event
BEGIN SELECT RAISE(ABORT, 'what happened in an exam is never changed'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION exam_event_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what happened in an exam is never changed'; END $$""",
        """CREATE TRIGGER exam_event_keeps BEFORE UPDATE OR DELETE ON exam_event
FOR EACH ROW EXECUTE FUNCTION exam_event_keeps()""",
    ),
}
OLD_CHECKS = {
    "state": "state in ('open', 'submitted')",
    "final": "(state = 'submitted') = (submitted_at is not null and score is not null"
    " and passed is not null and receipt is not null)",
}
CHECKS = {
    "state": "state in ('open', 'submitted', 'void')",
    "what": "(course_id is null) != (exam_id is null)",
    "final": "(state != 'open' or submitted_at is null) and (state != 'submitted' or"
    " (submitted_at is not null and score is not null and receipt is not null"
    " and (passed is not null or waiting > 0)))",
    "ended_by": "ended_by in ('', 'member', 'time', 'staff')",
}
RELEASE = "in ('at_once', 'after_close', 'never')"


def _indexes(extra):
    where = sa.text("state = 'open'")
    op.create_index('ix_attempt_course', 'attempt', ['course_id', 'submitted_at'])
    op.create_index('uq_attempt_open', 'attempt', ['member_id', 'course_id'], unique=True, sqlite_where=where, postgresql_where=where)
    if extra:
        where = sa.text("state = 'open' and exam_id is not null")
        op.create_index('uq_attempt_open_exam', 'attempt', ['member_id', 'exam_id'], unique=True, sqlite_where=where, postgresql_where=where)
        op.create_index('ix_attempt_exam', 'attempt', ['exam_id', 'state', 'deadline_at'])


def upgrade():
    dialect = op.get_bind().dialect.name
    op.create_table('exam',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_start_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('duration_s', sa.Integer(), nullable=True),
    sa.Column('grace_s', sa.Integer(), nullable=False),
    sa.Column('attempts_allowed', sa.Integer(), nullable=False),
    sa.Column('delay_s', sa.Integer(), nullable=False),
    sa.Column('counting', sa.String(length=8), nullable=False),
    sa.Column('pass_percent', sa.Integer(), nullable=False),
    sa.Column('shuffle_questions', sa.Boolean(), nullable=False),
    sa.Column('shuffle_options', sa.Boolean(), nullable=False),
    sa.Column('one_by_one', sa.Boolean(), nullable=False),
    sa.Column('no_going_back', sa.Boolean(), nullable=False),
    sa.Column('show_score', sa.String(length=11), nullable=False),
    sa.Column('show_answers', sa.String(length=11), nullable=False),
    sa.Column('show_explanations', sa.String(length=11), nullable=False),
    sa.Column('password', sa.String(length=60), nullable=False),
    sa.Column('open_to_all', sa.Boolean(), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('draft', 'published', 'withdrawn')", name=op.f('ck_exam_state')),
    sa.CheckConstraint("state = 'draft' or published_at is not null", name=op.f('ck_exam_published')),
    sa.CheckConstraint('pass_percent between 1 and 100', name=op.f('ck_exam_pass')),
    sa.CheckConstraint('attempts_allowed between 0 and 100', name=op.f('ck_exam_attempts')),
    sa.CheckConstraint('duration_s is null or duration_s between 60 and 86400', name=op.f('ck_exam_duration')),
    sa.CheckConstraint('grace_s between 0 and 3600', name=op.f('ck_exam_grace')),
    sa.CheckConstraint('delay_s between 0 and 31536000', name=op.f('ck_exam_delay')),
    sa.CheckConstraint("counting in ('highest', 'first', 'last')", name=op.f('ck_exam_counting')),
    sa.CheckConstraint('closes_at is null or opens_at is null or closes_at > opens_at', name=op.f('ck_exam_window')),
    sa.CheckConstraint(f'show_score {RELEASE}', name=op.f('ck_exam_show_score')),
    sa.CheckConstraint(f'show_answers {RELEASE}', name=op.f('ck_exam_show_answers')),
    sa.CheckConstraint(f'show_explanations {RELEASE}', name=op.f('ck_exam_show_explanations')),
    sa.ForeignKeyConstraint(['author_id'], ['member.id'], name=op.f('fk_exam_author_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam'))
    )
    op.create_index(op.f('ix_exam_author_id'), 'exam', ['author_id'])
    op.create_index('ix_exam_state_opens_at', 'exam', ['state', 'opens_at'])
    op.create_table('exam_branch',
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('branch_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['branch_id'], ['branch.id'], name=op.f('fk_exam_branch_branch_id')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_branch_exam_id')),
    sa.PrimaryKeyConstraint('exam_id', 'branch_id', name=op.f('pk_exam_branch'))
    )
    op.create_index(op.f('ix_exam_branch_branch_id'), 'exam_branch', ['branch_id'])
    op.create_table('exam_course',
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('course_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_exam_course_course_id')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_course_exam_id')),
    sa.PrimaryKeyConstraint('exam_id', 'course_id', name=op.f('pk_exam_course'))
    )
    op.create_index(op.f('ix_exam_course_course_id'), 'exam_course', ['course_id'])
    op.create_table('exam_section',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_section_exam_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_section'))
    )
    op.create_index('ix_exam_section_exam_id_position', 'exam_section', ['exam_id', 'position'])
    op.create_table('exam_slot',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('section_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=True),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('tag', sa.String(length=60), nullable=False),
    sa.Column('category', sa.String(length=120), nullable=False),
    sa.Column('difficulty', sa.Integer(), nullable=True),
    sa.Column('mark', sa.String(length=20), nullable=False),
    sa.Column('pool', sa.JSON(), nullable=False),
    sa.CheckConstraint('number between 1 and 200', name=op.f('ck_exam_slot_number')),
    sa.CheckConstraint('question_id is null or number = 1', name=op.f('ck_exam_slot_fixed')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_exam_slot_question_id')),
    sa.ForeignKeyConstraint(['section_id'], ['exam_section.id'], name=op.f('fk_exam_slot_section_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_slot'))
    )
    op.create_index(op.f('ix_exam_slot_question_id'), 'exam_slot', ['question_id'])
    op.create_index('ix_exam_slot_section_id_position', 'exam_slot', ['section_id', 'position'])
    op.create_table('accommodation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=True),
    sa.Column('extra_percent', sa.Integer(), nullable=False),
    sa.Column('extra_attempts', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('set_by', sa.Integer(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('extra_percent between 0 and 300', name=op.f('ck_accommodation_percent')),
    sa.CheckConstraint('extra_attempts between 0 and 100', name=op.f('ck_accommodation_attempts')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_accommodation_exam_id')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_accommodation_member_id')),
    sa.ForeignKeyConstraint(['set_by'], ['member.id'], name=op.f('fk_accommodation_set_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accommodation')),
    sa.UniqueConstraint('member_id', 'exam_id', name=op.f('uq_accommodation_member_id_exam_id'))
    )
    op.create_index(op.f('ix_accommodation_exam_id'), 'accommodation', ['exam_id'])

    # The attempts of quizzes become attempts at quizzes and exams.
    op.drop_index('uq_attempt_open', table_name='attempt')
    op.drop_index('ix_attempt_course', table_name='attempt')
    with op.batch_alter_table('attempt') as batch_op:
        for name in OLD_CHECKS:
            batch_op.drop_constraint(op.f(f'ck_attempt_{name}'), type_='check')
        batch_op.alter_column('course_id', existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column('exam_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('out_of', sa.String(length=20), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('added_s', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('heard_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('left', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('reached', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('ended_by', sa.String(length=6), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('waiting', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('goes_on_from', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_attempt_exam_id'), 'exam', ['exam_id'], ['id'])
        batch_op.create_foreign_key(op.f('fk_attempt_goes_on_from'), 'attempt', ['goes_on_from'], ['id'])
        batch_op.create_unique_constraint(op.f('uq_attempt_member_id_exam_id_number'), ['member_id', 'exam_id', 'number'])
    op.execute("UPDATE attempt SET out_of = cast(questions as varchar(20))")
    op.execute("UPDATE attempt SET ended_by = 'member' WHERE state = 'submitted'")
    with op.batch_alter_table('attempt') as batch_op:
        for name, text in CHECKS.items():
            batch_op.create_check_constraint(op.f(f'ck_attempt_{name}'), text)
    _indexes(extra=True)

    with op.batch_alter_table('attempt_item') as batch_op:
        batch_op.add_column(sa.Column('section', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('flagged', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('max_mark', sa.String(length=20), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('comment', sa.Text(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('marked_by', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('marked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(op.f('fk_attempt_item_marked_by'), 'member', ['marked_by'], ['id'])

    op.create_table('attempt_evidence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answers', sa.JSON(), nullable=False),
    sa.CheckConstraint("kind in ('late', 'stale')", name=op.f('ck_attempt_evidence_kind')),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_attempt_evidence_attempt_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt_evidence'))
    )
    op.create_index(op.f('ix_attempt_evidence_attempt_id'), 'attempt_evidence', ['attempt_id'])
    op.create_table('exam_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=True),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_exam_message_attempt_id')),
    sa.ForeignKeyConstraint(['author_id'], ['member.id'], name=op.f('fk_exam_message_author_id')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_message_exam_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_message'))
    )
    op.create_index(op.f('ix_exam_message_exam_id'), 'exam_message', ['exam_id'])
    op.create_table('exam_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=True),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('act', sa.String(length=20), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['member.id'], name=op.f('fk_exam_event_actor_id')),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_exam_event_attempt_id')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_exam_event_exam_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exam_event'))
    )
    op.create_index('ix_exam_event_exam_id', 'exam_event', ['exam_id', 'id'])
    op.create_table('regrade',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=True),
    sa.Column('course_id', sa.Integer(), nullable=True),
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_by', sa.Integer(), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("action in ('new_key', 'full_marks', 'leave_out')", name=op.f('ck_regrade_action')),
    sa.CheckConstraint('(course_id is null) != (exam_id is null)', name=op.f('ck_regrade_what')),
    sa.ForeignKeyConstraint(['author_id'], ['member.id'], name=op.f('fk_regrade_author_id')),
    sa.ForeignKeyConstraint(['course_id'], ['course.id'], name=op.f('fk_regrade_course_id')),
    sa.ForeignKeyConstraint(['exam_id'], ['exam.id'], name=op.f('fk_regrade_exam_id')),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], name=op.f('fk_regrade_question_id')),
    sa.ForeignKeyConstraint(['undone_by'], ['member.id'], name=op.f('fk_regrade_undone_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_regrade'))
    )
    op.create_index('ix_regrade_exam_id', 'regrade', ['exam_id'])
    op.create_index('ix_regrade_course_id', 'regrade', ['course_id'])
    op.create_table('regrade_item',
    sa.Column('regrade_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('mark_before', sa.String(length=20), nullable=True),
    sa.Column('mark_after', sa.String(length=20), nullable=True),
    sa.Column('max_before', sa.String(length=20), nullable=False),
    sa.Column('max_after', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['attempt_item.id'], name=op.f('fk_regrade_item_item_id')),
    sa.ForeignKeyConstraint(['regrade_id'], ['regrade.id'], name=op.f('fk_regrade_item_regrade_id')),
    sa.PrimaryKeyConstraint('regrade_id', 'item_id', name=op.f('pk_regrade_item'))
    )
    op.create_table('regrade_attempt',
    sa.Column('regrade_id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=False),
    sa.Column('score_before', sa.String(length=20), nullable=False),
    sa.Column('score_after', sa.String(length=20), nullable=False),
    sa.Column('out_of_before', sa.String(length=20), nullable=False),
    sa.Column('out_of_after', sa.String(length=20), nullable=False),
    sa.Column('passed_before', sa.Boolean(), nullable=True),
    sa.Column('passed_after', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempt.id'], name=op.f('fk_regrade_attempt_attempt_id')),
    sa.ForeignKeyConstraint(['regrade_id'], ['regrade.id'], name=op.f('fk_regrade_attempt_regrade_id')),
    sa.PrimaryKeyConstraint('regrade_id', 'attempt_id', name=op.f('pk_regrade_attempt'))
    )
    for statement in KEEPS.get(dialect, ()):
        op.execute(sa.DDL(statement.replace("%", "%%")))


def downgrade():
    dialect = op.get_bind().dialect.name
    for table in ('regrade_attempt', 'regrade_item', 'regrade', 'exam_event', 'exam_message', 'attempt_evidence'):
        op.drop_table(table)
    if dialect == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS exam_event_keeps()")
    op.execute("DELETE FROM attempt_item WHERE attempt_id IN (SELECT id FROM attempt WHERE exam_id IS NOT NULL OR state = 'void')")
    op.execute("DELETE FROM attempt WHERE exam_id IS NOT NULL OR state = 'void'")
    with op.batch_alter_table('attempt_item') as batch_op:
        batch_op.drop_constraint(op.f('fk_attempt_item_marked_by'), type_='foreignkey')
        for name in ('section', 'flagged', 'max_mark', 'comment', 'marked_by', 'marked_at'):
            batch_op.drop_column(name)
    for name in ('uq_attempt_open', 'ix_attempt_course', 'uq_attempt_open_exam', 'ix_attempt_exam'):
        op.drop_index(name, table_name='attempt')
    with op.batch_alter_table('attempt') as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f'ck_attempt_{name}'), type_='check')
        batch_op.drop_constraint(op.f('uq_attempt_member_id_exam_id_number'), type_='unique')
        batch_op.drop_constraint(op.f('fk_attempt_exam_id'), type_='foreignkey')
        batch_op.drop_constraint(op.f('fk_attempt_goes_on_from'), type_='foreignkey')
        for name in ('exam_id', 'out_of', 'deadline_at', 'added_s', 'heard_at', 'left', 'reached', 'ended_by', 'waiting', 'goes_on_from'):
            batch_op.drop_column(name)
        batch_op.alter_column('course_id', existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table('attempt') as batch_op:
        for name, text in OLD_CHECKS.items():
            batch_op.create_check_constraint(op.f(f'ck_attempt_{name}'), text)
    _indexes(extra=False)
    for table in ('accommodation', 'exam_slot', 'exam_section', 'exam_course', 'exam_branch', 'exam'):
        op.drop_table(table)
