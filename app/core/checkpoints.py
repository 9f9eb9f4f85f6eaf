"""Emptying SQLite's write-ahead log beside the requests, not in the commit of an unlucky one.

SQLite copies what was written from its log into the database when the log has grown long, and does
so at the end of whichever commit made it long: that one waits for the disk while hundreds of pages
are written. Here a thread does it after so many commits. Nothing is less safe: a commit returns
when the log is on the disk, as before, and readers and writers go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

log = logging.getLogger(__name__)

EVERY = 48  # commits; a credit writes some fifty pages of 4 KiB
# Pages, 32 MiB: the log gets that long only when the thread cannot keep up; then a commit does it.
LONGEST_LOG = 8_000


class Checkpoints:
    """The commits of one database since its log was emptied; one object per process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        self._commits = 0
        self._works_in = 0  # the process whose thread is at work

    def written(self) -> None:
        """Count a commit; every so often a thread begins to empty the log."""
        with self._guard:
            self._commits += 1
            # A thread of the process that this one was forked from is not here.
            if self._commits < EVERY or self._works_in == os.getpid():
                return
            self._works_in = os.getpid()
        try:
            threading.Thread(target=self._empty, name="checkpoint", daemon=True).start()
        except RuntimeError as error:  # no thread to be had: the commit has succeeded all the same
            self._gave_up(error)

    def _empty(self) -> None:
        try:
            # Never make a file: somebody may just have taken the database away.
            address = f"{self.path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as link:
                link.execute("PRAGMA synchronous=FULL")
                while self._is_due():
                    # Passive: it waits for nobody, and nobody for it.
                    link.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._gave_up(error)

    def _gave_up(self, error: Exception) -> None:
        log.warning("the log of the database was not emptied: %s", error)
        with self._guard:
            self._works_in = 0

    def _is_due(self) -> bool:
        """Whether there is enough to do; if not, this thread has ended."""
        with self._guard:
            if self._commits >= EVERY:
                self._commits = 0
                return True
            self._works_in = 0
            return False
