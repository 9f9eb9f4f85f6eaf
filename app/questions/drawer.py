"""The drawer: the folder of the files that members send as answers, each under its token."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from app.core.refusals import NoRoom
from app.questions.rules import (
    ENDINGS,
    LARGEST_FILE,
    AnswerFileTooLarge,
    EmptyAnswerFile,
    WrongFile,
)


@dataclass(frozen=True)
class Put:
    """A file that lies in the drawer and has no row yet."""

    token: str
    name: str
    ending: str
    size: int
    sha256: str


class Drawer:
    """<folder>/<first two>/<token>; nothing of what members call their files is in a path."""

    def __init__(self, folder: Path, *, reserve: int) -> None:
        self.folder = folder
        self.reserve = reserve  # bytes of the disk that are left free

    def put(self, stream: BinaryIO, filename: str) -> Put:
        """Keep a file, flushed. Raises WrongFile, EmptyAnswerFile, AnswerFileTooLarge, NoRoom."""
        name = " ".join(PurePath(filename.replace("\\", "/")).name.split())
        name = "".join(c for c in name if c.isprintable())
        ending = PurePath(name).suffix.lower().lstrip(".")
        data = stream.read(LARGEST_FILE + 1)
        if not data:
            raise EmptyAnswerFile
        if len(data) > LARGEST_FILE:
            raise AnswerFileTooLarge(most=LARGEST_FILE // 1024 // 1024)
        begins = ENDINGS.get(ending)
        if begins is None or (begins and not data.startswith(begins)):
            raise WrongFile(known=" ".join(sorted(ENDINGS)))
        token = secrets.token_hex(16)
        path = self.path(token)
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free - len(data) < self.reserve:
            raise NoRoom
        try:
            with path.open("xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno == 28:  # no space left
                raise NoRoom from error
            raise
        # A long name keeps its ending.
        short = f"{name[: 180 - len(ending)]}.{ending}" if len(name) > 190 else name
        return Put(token, short, ending, len(data), hashlib.sha256(data).hexdigest())

    def path(self, token: str) -> Path:
        return self.folder / token[:2] / token

    def open(self, token: str) -> BinaryIO:
        """A file, to be read and closed. Raises OSError when it is not there."""
        return self.path(token).open("rb")

    def tokens(self) -> list[str]:
        """What lies in the drawer, for finding files that no row knows."""
        return [p.name for p in self.folder.glob("??/*") if len(p.name) == 32]

    def drop(self, token: str) -> None:
        self.path(token).unlink(missing_ok=True)
