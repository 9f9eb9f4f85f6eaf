"""Tables of the library: collections, documents, their files in versions, and their text."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Collection(Base):
    """One shelf of the library; `path` is "/root/…/own/" in ids, so a subtree is a prefix."""

    __tablename__ = "library_collection"
    __table_args__ = (
        UniqueConstraint("parent_id", "name"),
        Index("ix_library_collection_path", "path"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("library_collection.id"))
    name: Mapped[str] = mapped_column(String(80))
    path: Mapped[str] = mapped_column(String(120))
    position: Mapped[int] = mapped_column(default=0)  # among its siblings, then by name


class Document(Base):
    """One document; its newest file is the one with `number`."""

    __tablename__ = "library_document"
    __table_args__ = (Index("ix_library_document_changed_at", "changed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("library_collection.id"), index=True
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    open_to_all: Mapped[bool] = mapped_column(default=True)
    number: Mapped[int] = mapped_column(default=1)
    authors: Mapped[str] = mapped_column(String(300), default="")
    publisher: Mapped[str] = mapped_column(String(200), default="")
    dated: Mapped[date | None]  # when it was published, as far as that is known
    issue: Mapped[str] = mapped_column(String(60), default="")  # of a periodical
    source: Mapped[str] = mapped_column(String(10), default="", server_default="")  # rules.Source
    language: Mapped[str] = mapped_column(String(10), default="")  # "": as the text shows it
    tags: Mapped[str] = mapped_column(String(300), default="")  # separated by ", "
    summary: Mapped[str] = mapped_column(Text, default="")
    is_pinned: Mapped[bool] = mapped_column(default=False)
    may_download: Mapped[bool] = mapped_column(default=True)
    valid_from: Mapped[date | None]  # readers see it from this day on …
    valid_until: Mapped[date | None]  # … to the end of this one
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class DocumentBranch(Base):
    """A branch that a document is for, with all branches below it."""

    __tablename__ = "library_document_branch"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"), primary_key=True
    )
    branch_id: Mapped[int] = mapped_column(
        ForeignKey("branch.id"), primary_key=True, index=True, autoincrement=False
    )


class DocumentCourse(Base):
    """A course that a document belongs with."""

    __tablename__ = "library_document_course"

    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"), primary_key=True
    )
    course_id: Mapped[int] = mapped_column(
        ForeignKey("course.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        autoincrement=False,
    )


class DocumentPlace(Base):
    """Where a member stopped reading a document."""

    __tablename__ = "library_place"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        autoincrement=False,
    )
    anchor: Mapped[str] = mapped_column(String(20))
    changed_at: Mapped[datetime]


class DocumentReading(Base):
    """How far a member has read one version of a document, by seconds on each of its parts."""

    __tablename__ = "library_reading"
    __table_args__ = (Index("ix_library_reading_document_id", "document_id"),)

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    number: Mapped[int]  # of the version
    seconds: Mapped[dict[str, Any]]  # anchor → seconds on it, no more than it needs
    share: Mapped[int] = mapped_column(default=0)  # per cent of the parts that are read
    reported_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # stays when there is a newer version


class Note(Base):
    """What a member marked or wrote at a place of a document; nobody else sees it."""

    __tablename__ = "library_note"
    __table_args__ = (Index("ix_library_note_member_id_document_id", "member_id", "document_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"), index=True
    )
    anchor: Mapped[str] = mapped_column(String(20))
    quote: Mapped[str] = mapped_column(Text, default="")  # as it stands in the document
    text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class ReadingList(Base):
    """Documents to be read in an order: for the one who made it, for all, or for branches."""

    __tablename__ = "library_list"
    __table_args__ = (CheckConstraint("shown_to in ('me', 'all', 'branches')", name="shown_to"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    about: Mapped[str] = mapped_column(Text, default="")
    shown_to: Mapped[str] = mapped_column(String(8), default="me")
    is_required: Mapped[bool] = mapped_column(default=False)
    due: Mapped[date | None]  # the last day to have read it
    created_at: Mapped[datetime]


class ListBranch(Base):
    """A branch that a reading list is for, with all branches below it."""

    __tablename__ = "library_list_branch"

    list_id: Mapped[int] = mapped_column(
        ForeignKey("library_list.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    branch_id: Mapped[int] = mapped_column(
        ForeignKey("branch.id"), primary_key=True, index=True, autoincrement=False
    )


class ListItem(Base):
    """A document on a reading list."""

    __tablename__ = "library_list_item"

    list_id: Mapped[int] = mapped_column(
        ForeignKey("library_list.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    document_id: Mapped[int] = mapped_column(
        ForeignKey("library_document.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        autoincrement=False,
    )
    position: Mapped[int]  # from 1


class DocumentFile(Base):
    """One version of a document's file. A version never changes; only its reading goes on."""

    __tablename__ = "library_file"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        CheckConstraint(
            "state in ('waiting', 'reading', 'searchable', 'unsearchable')", name="state"
        ),
        CheckConstraint(
            "kind in ('pdf', 'docx', 'pptx', 'xlsx', 'odt', 'odp', 'ods', 'epub', 'html', 'rtf', "
            "'doc', 'ppt', 'xls', 'txt', 'md', 'jpg', 'png')",
            name="kind",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("library_document.id", ondelete="CASCADE"))
    number: Mapped[int]  # from 1
    filename: Mapped[str] = mapped_column(String(150))  # as it is shown and downloaded
    kind: Mapped[str] = mapped_column(String(5))
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    reason: Mapped[str] = mapped_column(String(20), default="")  # of rules.Reason
    pages: Mapped[int] = mapped_column(default=0)  # pages, slides, sheets or sections
    language: Mapped[str] = mapped_column(String(10), default="")  # as far as the text shows it
    is_truncated: Mapped[bool] = mapped_column(default=False)  # the rest was not read
    is_recognised: Mapped[bool] = mapped_column(default=False)  # from pictures: words may be wrong
    unread_pages: Mapped[int] = mapped_column(default=0, server_default="0")  # pictures of text
    has_cover: Mapped[bool] = mapped_column(default=False)  # a picture of the first page
    # What it says of itself, by the names of the label's fields.
    about: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    uploaded_at: Mapped[datetime]


class DocumentPart(Base):
    """The text of one page, slide, sheet or section of a file."""

    __tablename__ = "library_part"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("library_file.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 0
    anchor: Mapped[str] = mapped_column(String(20))  # p3 page, s slide, x sheet, h heading, a part
    label: Mapped[str] = mapped_column(String(200))  # the heading or the sheet's name
    text: Mapped[str] = mapped_column(Text)
