"""Which font can write Chinese on this machine."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from PIL import ImageFont

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILY = "Noto Sans CJK SC"
# From npm, for machines where nobody may install packages; Pillow reads WOFF2 as it is.
PACKAGE = "@fontsource/noto-sans-sc"
WEIGHTS = {False: 400, True: 700}


class NoFont(RuntimeError):
    """No font on this machine has Chinese characters."""

    def __init__(self) -> None:
        super().__init__(
            "No font with Chinese characters was found, so the demo's slides cannot be drawn: "
            "run `apt-get install fonts-noto-cjk`, or without root "
            f"`npm install --no-save --ignore-scripts {PACKAGE}@5.3.0`."
        )


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font at `size` pixels. Raises NoFont."""
    path, index = _file(bold=bold)
    return ImageFont.truetype(path, size, index=index)


@cache
def _file(*, bold: bool) -> tuple[str, int]:
    for path, index in (*_installed(bold=bold), *_packaged(bold=bold)):
        if _writes_chinese(path, index):
            return path, index
    raise NoFont


def _installed(*, bold: bool) -> list[tuple[str, int]]:
    if shutil.which("fc-match") is None:
        return []
    found = []
    for family in (FAMILY, "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", ""):
        pattern = f"{family}:lang=zh-cn:weight={200 if bold else 80}"
        answer = subprocess.run(
            ["fc-match", "-f", "%{file}\n%{index}", pattern],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split("\n")
        if len(answer) == 2 and answer[0]:
            found.append((answer[0], int(answer[1] or 0) & 0xFFFF))
    return found


def _packaged(*, bold: bool) -> list[tuple[str, int]]:
    files = ROOT / "node_modules" / PACKAGE / "files"
    name = f"noto-sans-sc-chinese-simplified-{WEIGHTS[bold]}-normal"
    return [(str(files / f"{name}.{ending}"), 0) for ending in ("woff2", "woff")]


def _writes_chinese(path: str, index: int) -> bool:
    """Whether three different characters come out as three different pictures."""
    try:
        loaded = ImageFont.truetype(path, 24, index=index)
    except OSError:
        return False
    return len({bytes(loaded.getmask(char)) for char in "微课网"}) == 3
