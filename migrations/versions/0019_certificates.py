"""Certificates: templates, what is certified, and those that were given

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('certificate_picture',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_certificate_picture'))
    )
    op.create_table('certificate_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('design', sa.JSON(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate_template'))
    )
    op.create_table('certificate_offer',
    sa.Column('kind', sa.String(length=6), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('template_id', sa.Integer(), nullable=False),
    sa.Column('months', sa.Integer(), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind in ('course', 'exam', 'path')", name=op.f('ck_certificate_offer_kind')),
    sa.CheckConstraint('months is null or months between 1 and 240', name=op.f('ck_certificate_offer_months')),
    sa.ForeignKeyConstraint(['template_id'], ['certificate_template.id'], name=op.f('fk_certificate_offer_template_id')),
    sa.PrimaryKeyConstraint('kind', 'subject_id', name=op.f('pk_certificate_offer'))
    )
    with op.batch_alter_table('certificate_offer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificate_offer_template_id'), ['template_id'], unique=False)

    op.create_table('certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=24), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=6), nullable=False),
    sa.Column('subject_id', sa.Integer(), nullable=False),
    sa.Column('template_id', sa.Integer(), nullable=False),
    sa.Column('holder', sa.String(length=80), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('design', sa.JSON(), nullable=False),
    sa.Column('earned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Integer(), nullable=True),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('replaces_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("(state = 'live') = (ended_at is null)", name=op.f('ck_certificate_ended')),
    sa.CheckConstraint("kind in ('course', 'exam', 'path')", name=op.f('ck_certificate_kind')),
    sa.CheckConstraint("state in ('live', 'revoked', 'replaced')", name=op.f('ck_certificate_state')),
    sa.ForeignKeyConstraint(['ended_by'], ['member.id'], name=op.f('fk_certificate_ended_by')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_certificate_member_id')),
    sa.ForeignKeyConstraint(['replaces_id'], ['certificate.id'], name=op.f('fk_certificate_replaces_id')),
    sa.ForeignKeyConstraint(['template_id'], ['certificate_template.id'], name=op.f('fk_certificate_template_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificate')),
    sa.UniqueConstraint('number', name=op.f('uq_certificate_number'))
    )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.create_index('ix_certificate_subject', ['kind', 'subject_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_template_id'), ['template_id'], unique=False)
        batch_op.create_index('uq_certificate_live', ['member_id', 'kind', 'subject_id'], unique=True, sqlite_where=sa.text("state = 'live'"), postgresql_where=sa.text("state = 'live'"))



def downgrade() -> None:
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index('uq_certificate_live', sqlite_where=sa.text("state = 'live'"), postgresql_where=sa.text("state = 'live'"))
        batch_op.drop_index(batch_op.f('ix_certificate_template_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_member_id'))
        batch_op.drop_index('ix_certificate_subject')

    op.drop_table('certificate')
    with op.batch_alter_table('certificate_offer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificate_offer_template_id'))

    op.drop_table('certificate_offer')
    op.drop_table('certificate_template')
    op.drop_table('certificate_picture')
