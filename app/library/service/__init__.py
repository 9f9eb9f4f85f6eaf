"""What can be done in the library: upload, edit, replace, delete, arrange, and read a text."""

from app.library.service.collections import (
    add_collection,
    change_collection,
    collection_at,
    move_collection,
    remove_collection,
)
from app.library.service.documents import (
    Unpacked,
    add,
    edit,
    publish,
    receive,
    receive_many,
    remove,
    replace,
    shelf,
)
from app.library.service.reading import (
    finish_reading,
    give_up_reading,
    keep_place,
    read_again,
    start_reading,
)

__all__ = [
    "Unpacked",
    "add",
    "add_collection",
    "change_collection",
    "collection_at",
    "edit",
    "finish_reading",
    "give_up_reading",
    "keep_place",
    "move_collection",
    "publish",
    "read_again",
    "receive",
    "receive_many",
    "remove",
    "remove_collection",
    "replace",
    "shelf",
    "start_reading",
]
