"""Reads of the library: what a reader may see of it, and what the worker needs."""

from app.library.queries.collections import (
    CollectionLine,
    collection_choices,
    collection_for,
    collection_trail,
    collections_for,
)
from app.library.queries.documents import (
    DocumentLine,
    DocumentView,
    FileView,
    all_documents,
    branch_names,
    branches_of,
    changeable_for,
    document_for,
    document_with,
    documents_for,
    is_known,
    kinds_for,
    version,
    versions,
)
from app.library.queries.text import Hit, all_parts, hits, page_of, parts

__all__ = [
    "CollectionLine",
    "DocumentLine",
    "DocumentView",
    "FileView",
    "Hit",
    "all_documents",
    "all_parts",
    "branch_names",
    "branches_of",
    "changeable_for",
    "collection_choices",
    "collection_for",
    "collection_trail",
    "collections_for",
    "document_for",
    "document_with",
    "documents_for",
    "hits",
    "is_known",
    "kinds_for",
    "page_of",
    "parts",
    "version",
    "versions",
]
