"""Read the text of one document and print it as JSON lines, or draw it: a program, on a leash.

    python -I app/library/extract/__main__.py FILE KIND text
    python -I app/library/extract/__main__.py FILE KIND cover
    python -I app/library/extract/__main__.py FILE KIND draw FOLDER PAGE STRIPS

text: each line is a part: {"anchor": "p3", "label": "", "text": "…"}. Then comes either
{"pages": 12, "truncated": false} or {"failed": "<reason>"} with a reason of rules.Reason.
Anchors: p page, s slide, x sheet, h heading, a part of a text without headings. Pages with pictures
and without text are named in {"bare": [3, 7]}; what the file says of itself may follow:
{"about": {"title": "…"}}.
cover: a picture of the first page, if there is one: {"cover": "<JPEG in base 64>"}.
draw: one page is drawn into a folder, in strips, for another program that recognises text; how many
pages there are is said as above.

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
