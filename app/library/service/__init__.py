"""What can be done in the library: upload, edit, replace, delete, arrange, and read a text."""

from app.library.service.collections import (
    add_collection,
    change_collection,
    move_collection,
    remove_collection,
)
from app.library.service.documents import add, edit, publish, receive, remove, replace, shelf
from app.library.service.reading import (
    finish_reading,
    give_up_reading,
    keep_place,
    read_again,
    start_reading,
)

__all__ = [
    "add",
    "add_collection",
    "change_collection",
    "edit",
    "finish_reading",
    "give_up_reading",
    "keep_place",
    "move_collection",
    "publish",
    "read_again",
    "receive",
    "remove",
    "remove_collection",
    "replace",
    "shelf",
    "start_reading",
]
