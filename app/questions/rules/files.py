"""Files that members send as answers: which kinds, how large, how many."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.refusals import Refusal, TooMuch

LARGEST_FILE = 20 * 1024 * 1024  # bytes of a file that is an answer
MOST_FILES = 200  # that one member may have sent as answers within a day
USUAL_ENDINGS = ("pdf", "docx", "jpg", "jpeg", "png")
# Kinds of files that may be asked for, with how each of them begins; "" when it may begin anyhow.
ENDINGS: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "pptx": (b"PK\x03\x04",),
    "odt": (b"PK\x03\x04",),
    "zip": (b"PK\x03\x04",),
    "doc": (b"\xd0\xcf\x11\xe0",),
    "xls": (b"\xd0\xcf\x11\xe0",),
    "ppt": (b"\xd0\xcf\x11\xe0",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "webp": (b"RIFF",),
    "heic": (),
    "mp3": (),
    "m4a": (),
    "wav": (b"RIFF",),
    "mp4": (),
    "txt": (),
    "csv": (),
}


class WrongFile(Refusal):
    """A file sent as an answer that is not of a kind that the question takes."""

    sentence = _l("This file cannot be taken. Send one of these kinds: %(known)s.")


class EmptyAnswerFile(Refusal):
    sentence = _l("This file is empty.")


class AnswerFileTooLarge(TooMuch):
    sentence = _l("The file is larger than %(most)s MB. Make it smaller, or send a part of it.")


class TooManyAnswerFiles(TooMuch):
    sentence = _l("You have sent very many files today. Ask the invigilator for help.")
