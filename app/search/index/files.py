"""The files of an index: what was opened is remembered, and segments are read piece by piece.

Whoosh maps a segment into memory and then copies all of it, so that every process would hold the
whole index a second time. Here each piece is asked of the system when it is needed, which keeps
what is asked for often in memory, once for all processes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import BufferFile

SEGMENT = ".seg"
AHEAD = 8 * 1024  # bytes that are read at once: most pieces are small and follow one another


class Files(FileStorage):  # type: ignore[misc]
    """Whoosh's folder, which remembers what was opened: Whoosh leaves files open when it fails."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._opened: list[Any] = []

    def open_file(self, name: str, **options: Any) -> Any:
        if name.endswith(SEGMENT):
            self._opened.append(Segment(Path(self.folder) / name))
        else:
            self._opened.append(super().open_file(name, **options))
        return self._opened[-1]

    def create_file(self, name: str, **options: Any) -> Any:
        self._opened.append(super().create_file(name, **options))
        return self._opened[-1]

    def close_files(self) -> None:
        """Close whatever is still open."""
        for file in self._opened:
            if not file.is_closed:
                with suppress(OSError, ValueError, BufferError):
                    file.close()
        self._opened.clear()


class Handle:
    """An open file, closed when nobody holds it any more: parts outlive the whole in Whoosh."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        os.close(self.number)


class Stretch:
    """A stretch of a file, with a place of its own; only that place is not for several threads."""

    def __init__(self, handle: Handle, start: int, length: int) -> None:
        self.handle, self.start, self.length = handle, start, length
        self.at = 0
        self._ahead = (0, b"")  # what was read last: from where on, and the bytes

    def get(self, position: int, length: int) -> bytes:
        """Bytes from a position on; fewer at the end."""
        begun, ahead = self._ahead
        begin = position - begun
        if 0 <= begin <= len(ahead) - length:
            return ahead[begin : begin + length]
        wanted = min(max(length, AHEAD), self.length - position)
        if wanted <= 0:
            return b""
        found = os.pread(self.handle.number, wanted, self.start + position)
        if len(found) <= AHEAD:
            self._ahead = (position, found)
        return found[:length]

    def read(self, length: int = -1) -> bytes:
        found = self.get(self.at, length if length >= 0 else self.length - self.at)
        self.at += len(found)
        return found

    def readline(self) -> bytes:
        line = self.get(self.at, AHEAD).partition(b"\n")
        self.at += len(line[0]) + len(line[1])
        return line[0] + line[1]

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        self.at = (
            position + {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.length}[whence]
        )
        return self.at

    def tell(self) -> int:
        return self.at

    def close(self) -> None:
        """Nothing: the handle closes itself."""


class Part(BufferFile):  # type: ignore[misc]
    """What Whoosh takes for a file inside a segment, without the copy."""

    def __init__(self, file: Stretch, name: str) -> None:
        self.file = file
        self._name = name
        self.onclose = None
        self.is_real = False
        self.is_closed = False

    def subset(self, position: int, length: int, name: str | None = None) -> Part:
        inner = Stretch(self.file.handle, self.file.start + position, length)
        return Part(inner, name or self._name)

    def get(self, position: int, length: int) -> bytes:
        return self.file.get(position, length)


class Segment(Part):
    """A whole segment; Whoosh asks it for its parts."""

    def __init__(self, path: Path) -> None:
        handle = Handle(path)
        super().__init__(Stretch(handle, 0, os.fstat(handle.number).st_size), path.name)
