"""Who has the data folders open: all processes of Weike hold one lock together, a restore alone.

The kernel lets go of it when a process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import weakref

from flask import Flask

from config import BadSetting, Config


def hold(app: Flask, config: Config) -> None:
    """Say that this process uses the folders for as long as `app` lives. Raises BadSetting."""
    # Readable by all and never written: root and the service's own user both come by.
    lock = os.open(config.in_use_path, os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BadSetting("instance_dir", "a backup is being restored into it") from None
    app.extensions["in_use"] = weakref.finalize(app, os.close, lock)  # called, it lets go
    if config.restore_path.exists():
        raise BadSetting("instance_dir", "a restore was cut off; end it with `make restore`")
