"""Notices, how each wants to be told, and the outbox

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KINDS = "'assignment', 'exam', 'points', 'certificate', 'search', 'community', 'report'"


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("once_key", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"kind in ({KINDS})", name=op.f("ck_notice_kind")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_notice_member_id")),
        sa.ForeignKeyConstraint(
            ["joined_id"], ["notice.id"], name=op.f("fk_notice_joined_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("member_id", "once_key", name=op.f("uq_notice_member_id_once_key")),
    )
    op.create_index("ix_notice_member_created", "notice", ["member_id", "created_at"])
    op.create_index(op.f("ix_notice_created_at"), "notice", ["created_at"])
    op.create_index(op.f("ix_notice_joined_id"), "notice", ["joined_id"])
    unread = sa.text("read_at is null and joined_id is null")
    op.create_index(
        "ix_notice_unread",
        "notice",
        ["member_id"],
        sqlite_where=unread,
        postgresql_where=unread,
    )
    op.create_table(
        "notice_choice",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("by_push", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_notice_choice_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "push_device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("sign_in_id", sa.Integer(), nullable=True),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_push_device_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["sign_in_id"],
            ["sign_in.id"],
            name=op.f("fk_push_device_sign_in_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_device")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_device_endpoint")),
    )
    op.create_index(op.f("ix_push_device_member_id"), "push_device", ["member_id"])
    op.create_table(
        "notice_outgoing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=4), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.CheckConstraint("channel in ('mail', 'push')", name=op.f("ck_notice_outgoing_channel")),
        sa.CheckConstraint(
            "(channel = 'push') or (device_id is null)", name=op.f("ck_notice_outgoing_device")
        ),
        sa.CheckConstraint(
            "state in ('queued', 'sent', 'failed', 'dropped')",
            name=op.f("ck_notice_outgoing_state"),
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notice.id"],
            name=op.f("fk_notice_outgoing_notice_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_notice_outgoing_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["push_device.id"],
            name=op.f("fk_notice_outgoing_device_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_outgoing")),
    )
    op.create_index("ix_notice_outgoing_state_due", "notice_outgoing", ["state", "due_at"])
    op.create_index(
        "ix_notice_outgoing_member_sent", "notice_outgoing", ["member_id", "channel", "sent_at"]
    )
    op.create_index(op.f("ix_notice_outgoing_notice_id"), "notice_outgoing", ["notice_id"])
    op.create_index(op.f("ix_notice_outgoing_device_id"), "notice_outgoing", ["device_id"])


def downgrade() -> None:
    op.drop_table("notice_outgoing")
    op.drop_table("push_device")
    op.drop_table("notice_choice")
    op.drop_table("notice")
