"""LibreOffice, where it is installed: old Office files become new ones, first pages are printed.

It reads files of strangers and is a large program, so it gets a leash, a profile of its own that
forbids macros and links, no network, and a cell in which there is no other file (decision 0020).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from app.core import child
from app.core.bwrap import Cell
from app.core.child import Leash

GIB = 1024**3
PROGRAM = "soffice"
LEASH = Leash(
    wall=60,
    cpu=15,
    own=15,  # 1 to 2 for a letter, 10 to print 8 000 paragraphs
    memory=GIB,  # of addresses: 470 to 710 MB, of which some 220 are used
    file_size=512 * 1024 * 1024,
    open_files=256,
    offline=True,  # what a document links to is nobody's business
)
# What it looks for outside of the system's folders: settings, fonts, whether there is a /proc.
WANTED = (Path("/etc/libreoffice"), Path("/etc/fonts"), Path("/proc/version"))
# No macros, whoever signed them; nothing that a document links to is fetched or read.
_COMMON = "/org.openoffice.Office.Common/Security/Scripting"
_SETTINGS = (
    (_COMMON, "DisableMacrosExecution", "true"),
    (_COMMON, "MacroSecurityLevel", "3"),
    (_COMMON, "BlockUntrustedRefererLinks", "true"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    + "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    + "</oor:items>"
)


def is_there(program: str = PROGRAM) -> bool:
    """Whether this machine has it; `program` is its name or path, "" for none."""
    return shutil.which(program) is not None


def version(program: str = PROGRAM) -> str:
    """What it calls itself; "" without it."""
    if not is_there(program):
        return ""
    lines: list[str] = []
    child.run(["env", f"HOME={os.devnull}", program, "--version"], LEASH, on_line=lines.append)
    return next((line for line in lines if line.strip()), "")


def converted(
    path: Path,
    target: str,
    folder: Path,
    keep_going: Callable[[], bool],
    program: str = PROGRAM,
) -> Path | None:
    """A file in another format, in `folder`; None when that fails, TimeoutError when it takes more
    than 15 seconds of its own."""
    place = Path(shutil.which(program) or program).resolve()
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(_PROFILE)
    outcome = child.run(
        [
            "env",
            f"HOME={folder}",
            # Without /proc, as in the cell, it does not find its own libraries by itself.
            f"LD_LIBRARY_PATH={place.parent}",
            program,
            "--headless",
            "--norestore",
            f"-env:UserInstallation=file://{folder}/profile",
            "--convert-to",
            target,
            "--outdir",
            str(folder),
            str(path),
        ],
        LEASH,
        cwd=folder,
        keep_going=keep_going,
        # Its own folder, too, for it may be installed anywhere (/opt).
        cell=Cell((path, place.parents[1], *(p for p in WANTED if p.exists())), (folder,)),
    )
    if outcome.timed_out:
        raise TimeoutError
    changed = folder / f"{path.stem}.{target}"
    return changed if changed.is_file() and changed.stat().st_size else None
