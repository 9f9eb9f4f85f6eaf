"""The boxes of MP4 and MOV files, for questions that ffprobe does not answer."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MOST_BOXES = 100_000  # of the top level; a file with more is left to ffprobe
MOST_HEADER = 64 * 1024 * 1024  # bytes of a moov box that are looked through
MOST_EDITS = 20_000
_EDITS = re.compile(rb"elst[\x00\x01]\x00\x00\x00(.{4})", re.DOTALL)
_PROTECTION = re.compile(rb"sinf....frma", re.DOTALL)  # a sample entry whose true format is inside


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of the top-level boxes; `end` may lie behind the end of the file.

    Yields nothing for a file of another kind, and stops where the bytes make no sense.
    """
    if file.read(12)[4:8] != b"ftyp":
        return
    at = 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length = int(struct.unpack(">I", head[:4])[0])
        if length == 1 and len(head) == 16:
            length = int(struct.unpack(">Q", head[8:])[0])
        elif length == 0:
            length = size - at  # to the end of the file, wherever that is
        if length < 8:
            return
        yield head[4:8], at, at + length
        at += length
        if at >= size:
            return


def cut_off(path: Path) -> bool:
    """Whether the file ends before its last box does: the end of a copy is missing.

    ffprobe says nothing of it when the header stands in front and promises everything.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return any(
            end > size and kind in {b"mdat", b"moov", b"moof"}
            for kind, _, end in _boxes(file, size)
        )


def protected(path: Path) -> bool:
    """Whether a track is encrypted; ffprobe shows such a track as an ordinary one."""
    return any(_PROTECTION.search(header) for header in _headers(path))


def endless_edits(path: Path) -> bool:
    """Whether an edit list is so long that ffmpeg works through it for minutes, at every opening.

    A million entries of twelve bytes did; programs that cut write some hundreds.
    """
    return any(
        struct.unpack(">I", found[1])[0] > MOST_EDITS
        for header in _headers(path)
        for found in _EDITS.finditer(header)
    )


def _headers(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        for kind, start, end in list(_boxes(file, size)):
            if kind == b"moov":
                file.seek(start)
                yield file.read(min(end - start, MOST_HEADER))


# --- fragments that we wrote ourselves ------------------------------------------------------------


class Track(NamedTuple):
    """The track that sets the pace of a rendition: its picture, or its sound alone."""

    number: int
    timescale: int  # units in a second
    usual: int  # length of a sample that says nothing of its own


def _inner(data: bytes, *path: bytes) -> Iterator[bytes]:
    """The contents of all boxes below `data` with this path of kinds."""
    at = 0
    while at + 8 <= len(data):
        length = int(struct.unpack_from(">I", data, at)[0])
        if length < 8 or at + length > len(data):
            return
        if data[at + 4 : at + 8] == path[0]:
            content = data[at + 8 : at + length]
            yield from _inner(content, *path[1:]) if len(path) > 1 else (content,)
        at += length


def pace(init: bytes) -> Track | None:
    """The track of a header by which its segments are measured; None when there is none."""
    usual = {}
    for box in _inner(init, b"moov", b"mvex", b"trex"):
        number, _, length = struct.unpack_from(">III", box, 4)
        usual[number] = length
    found = []
    kinds = [box[8:12] for box in _inner(init, b"moov", b"trak", b"mdia", b"hdlr")]
    for (number, scale), kind in zip(timescales(init).items(), kinds, strict=True):
        found.append((kind != b"vide", Track(number, scale, usual.get(number, 0))))
    return min(found)[1] if found else None


def timescales(init: bytes) -> dict[int, int]:
    """Units in a second of every track of a header, by its number."""
    found = {}
    for trak in _inner(init, b"moov", b"trak"):
        head = next(_inner(trak, b"tkhd"))
        media = next(_inner(trak, b"mdia", b"mdhd"))
        number = int(struct.unpack_from(">I", head, 20 if head[0] else 12)[0])
        found[number] = int(struct.unpack_from(">I", media, 20 if media[0] else 12)[0])
    return found


def span(segment: bytes, track: Track) -> tuple[int, int] | None:
    """Where a segment begins and ends, in the track's units; None when it has nothing of it."""
    begin = end = None
    for traf, usual in _fragments(segment, track):
        decode = next(_inner(traf, b"tfdt"))
        time = int(struct.unpack_from(">Q" if decode[0] else ">I", decode, 4)[0])
        begin = time if begin is None else begin
        for run in _inner(traf, b"trun"):
            time += sum(_samples(run, LENGTH, usual.length))
        end = time
    return None if begin is None or end is None else (begin, end)


def sizes(segment: bytes, track: Track) -> list[int]:
    """Bytes of every sample of the track in a segment, in the order of decoding."""
    return [
        size
        for traf, usual in _fragments(segment, track)
        for run in _inner(traf, b"trun")
        for size in _samples(run, SIZE, usual.size)
    ]


LENGTH, SIZE = 0x100, 0x200  # what a trun box may tell of a sample, in this order


class _Usual(NamedTuple):
    """What a sample is that says nothing of its own."""

    length: int
    size: int


def _fragments(segment: bytes, track: Track) -> Iterator[tuple[bytes, _Usual]]:
    for traf in _inner(segment, b"moof", b"traf"):
        head = next(_inner(traf, b"tfhd"))
        flags, number = struct.unpack_from(">II", head)
        if number != track.number:
            continue
        at = 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
        length = struct.unpack_from(">I", head, at)[0] if flags & 8 else track.usual
        at += 4 if flags & 8 else 0
        yield traf, _Usual(length, struct.unpack_from(">I", head, at)[0] if flags & 16 else 0)


def _samples(run: bytes, field: int, usual: int) -> list[int]:
    """One field of every sample of a trun box."""
    flags, count = struct.unpack_from(">II", run)
    flags &= 0xFFFFFF
    if not flags & field:
        return [int(usual)] * int(count)
    at = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    at += 4 if field == SIZE and flags & LENGTH else 0
    return [struct.unpack_from(">I", run, at + step * n)[0] for n in range(count)]


# --- one fragment as several ----------------------------------------------------------------------

OFFSET, FIRST_FLAGS = 0x1, 0x4  # fields of a trun box before its samples
FROM_MOOF, BASE = 0x20000, 0x1  # of a tfhd box: how offsets are meant


class _Run(NamedTuple):
    """The samples of one track of a fragment: what a trun box says of each, and its bytes."""

    head: bytes  # the tfhd box
    begin: int  # in the track's units
    version: int  # and flags, of the trun box
    first: bytes  # the flags of the first sample, when they differ
    rows: list[bytes]
    lengths: list[int]
    sizes: list[int]
    data: bytes


def chunked(segment: bytes, scales: dict[int, int], seconds: float) -> bytes:
    """A segment of one fragment as one of several, `seconds` long each, with the same samples.

    ffmpeg puts all of the picture before all of the sound, so nothing plays before the last byte is
    there; of this one the first second plays when its bytes have come. A segment that is built in
    another way than ours is given back as it is.
    """
    boxes = list(whole(segment))
    kinds = [kind for kind, _ in boxes if kind not in {b"styp", b"sidx"}]
    if kinds != [b"moof", b"mdat"]:
        return segment
    found = dict(boxes)
    moof = found[b"moof"]
    runs = [_run(traf, segment) for traf in _inner(moof, b"traf")]
    if not runs or any(run is None for run in runs):
        return segment
    out = [_box(b"styp", found[b"styp"])] if b"styp" in found else []
    head = _box(b"mfhd", next(_inner(moof, b"mfhd")))
    pieces: dict[int, list[tuple[_Run, int, int]]] = {}
    last = math.inf  # of the picture, which comes first; sound may go on for a moment
    for run in runs:
        assert run is not None
        scale = scales.get(struct.unpack_from(">I", run.head, 4)[0], 0)
        if not scale:
            return segment
        for number, start, end in _parts(run.lengths, scale * seconds, last):
            pieces.setdefault(number, []).append((run, start, end))
        last = max(pieces)
    out.extend(_fragment(head, pieces[number]) for number in sorted(pieces))
    return b"".join(out)


def whole(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the boxes of the top level."""
    at = 0
    while at + 8 <= len(data):
        length = int(struct.unpack_from(">I", data, at)[0])
        if length < 8 or at + length > len(data):
            yield b"", b""  # not one of ours
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _run(traf: bytes, segment: bytes) -> _Run | None:
    heads, decodes, runs = (list(_inner(traf, kind)) for kind in (b"tfhd", b"tfdt", b"trun"))
    if not len(heads) == len(decodes) == len(runs) == 1:
        return None
    head, decode, run = heads[0], decodes[0], runs[0]
    base = struct.unpack_from(">I", head)[0]
    version, count = struct.unpack_from(">II", run)
    if base & BASE or not base & FROM_MOOF or not version & OFFSET:
        return None
    at = 8 + (4 if base & 2 else 0)
    usual = [0, 0]
    for place, flag in enumerate((8, 16)):
        if base & flag:
            usual[place] = struct.unpack_from(">I", head, at)[0]
            at += 4
    offset = struct.unpack_from(">i", run, 8)[0]
    at = 12 + (4 if version & FIRST_FLAGS else 0)
    step = 4 * sum(bool(version & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    lengths, sizes = (
        _samples(run, field, one) for field, one in zip((LENGTH, SIZE), usual, strict=True)
    )
    begin = segment.index(b"moof") - 4 + offset
    if not all(lengths) or begin + sum(sizes) > len(segment):
        return None
    return _Run(
        head=head,
        begin=int(struct.unpack_from(">Q" if decode[0] else ">I", decode, 4)[0]),
        version=version,
        first=run[12:16] if version & FIRST_FLAGS else b"",
        rows=[run[at + step * n : at + step * (n + 1)] for n in range(count)],
        lengths=lengths,
        sizes=sizes,
        data=segment[begin : begin + sum(sizes)],
    )


def _parts(lengths: list[int], most: float, last: float) -> Iterator[tuple[int, int, int]]:
    """(number, first, end) of the parts of some samples, by the moment at which each begins.

    What begins later belongs to the part numbered `last`.
    """
    start = now = number = 0
    for n, length in enumerate(lengths):
        if min(now // most, last) != number:
            yield number, start, n
            start, number = n, int(min(now // most, last))
        now += length
    yield number, start, len(lengths)


def _fragment(head: bytes, parts: list[tuple[_Run, int, int]]) -> bytes:
    """A moof box and its mdat box."""

    def moof(offsets: list[int]) -> bytes:
        trafs = []
        for (run, start, end), offset in zip(parts, offsets, strict=True):
            first = run.first if not start else b""
            version = run.version if first else run.version & ~FIRST_FLAGS
            trun = struct.pack(">IIi", version, end - start, offset) + first
            decode = struct.pack(">IQ", 1 << 24, run.begin + sum(run.lengths[:start]))
            boxes = (
                _box(b"tfhd", run.head),
                _box(b"tfdt", decode),
                _box(b"trun", trun + b"".join(run.rows[start:end])),
            )
            trafs.append(_box(b"traf", b"".join(boxes)))
        return _box(b"moof", head + b"".join(trafs))

    data = []
    offsets = []
    at = len(moof([0] * len(parts))) + 8
    for run, start, end in parts:
        before = sum(run.sizes[:start])
        data.append(run.data[before : before + sum(run.sizes[start:end])])
        offsets.append(at)
        at += len(data[-1])
    return moof(offsets) + _box(b"mdat", b"".join(data))
