"""Read the text of one document and print it as JSON lines: run as a program, on a leash.

    python -I app/library/extract/__main__.py FILE KIND [FOLDER [PAGE …]]

Each line is a part: {"anchor": "p3", "label": "", "text": "…"}. The last line is either
{"pages": 12, "truncated": false} or {"failed": "<reason>"} with a reason of rules.Reason.
Anchors: p page, s slide, x sheet, h heading, a part of a text without headings. After the last line
what the file says of itself and a picture of the first page may follow: {"about": {"title": "…"}},
{"cover": "<JPEG in base 64>"}. With a FOLDER nothing is
read: the pages are drawn into it as pictures, for another program that recognises text. Pages with
pictures and without text beside others with text are named in a line {"bare": [3, 7]}.

The file comes from anybody. This program imports nothing of the site, opens no other file and no
connection, and stops by itself before the leash does.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # Alone, without the site around it: only the folder of this package is found besides the
    # libraries, and after them.
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.exit(importlib.import_module("extract.reading").main(sys.argv[1:]))
