"""One file out of a form (multipart/form-data), as a stream that is read once and never stored."""

from __future__ import annotations

from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartDecoder, NeedData

from app.media.rules import Interrupted, NoFile

CHUNK = 64 * 1024
MOST_BUFFER = 4 * CHUNK  # bytes that may be held while a boundary is looked for
MOST_BEFORE = 64 * 1024  # bytes of fields in front of the file
MOST_PARTS = 20


class FilePart:
    """The first file of a form; fields before it are passed over, what follows is not read.

    Flask's own parser would put the whole file into a temporary folder first, and then a view
    would copy it.
    """

    def __init__(self, stream: IO[bytes], boundary: str) -> None:
        self._stream = stream
        self._decoder = MultipartDecoder(
            boundary.encode("ascii", "ignore"), MOST_BUFFER, max_parts=MOST_PARTS
        )
        self._rest = b""
        self._over = False
        self.filename = self._find()

    def _find(self) -> str:
        before = 0
        while True:
            event = self._next()
            if isinstance(event, File):
                return event.filename or ""
            if isinstance(event, Data):
                before += len(event.data)
            if isinstance(event, Epilogue) or before > MOST_BEFORE:
                raise NoFile

    def _next(self) -> object:
        while True:
            try:
                event = self._decoder.next_event()
            except (ValueError, RequestEntityTooLarge) as error:
                raise Interrupted from error
            if not isinstance(event, NeedData):
                return event
            chunk = self._stream.read(CHUNK)
            try:
                self._decoder.receive_data(chunk or None)
            except (ValueError, RequestEntityTooLarge) as error:
                raise Interrupted from error

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes of the file; b"" at its end. Raises Interrupted when it breaks off."""
        while not self._over and (size < 0 or len(self._rest) < size):
            event = self._next()
            if not isinstance(event, Data):
                raise Interrupted
            self._rest += event.data
            self._over = not event.more_data
        wanted = len(self._rest) if size < 0 else size
        given, self._rest = self._rest[:wanted], self._rest[wanted:]
        return given
