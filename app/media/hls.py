"""HLS as files: reading what ffmpeg wrote, proving that it is whole, and the master playlist."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from app.media import aes128, mp4

MASTER = "master.m3u8"
AAC_LC = "mp4a.40.2"
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')


class Broken(RuntimeError):
    """A playlist or a file that it names is missing or empty."""


@dataclass(frozen=True)
class Segment:
    """One segment: its file, its first moment and its length in seconds."""

    name: str
    start: float
    length: float


@dataclass(frozen=True)
class Playlist:
    """A media playlist whose files are all there. Rates are bits per second."""

    name: str
    init: str
    segments: tuple[Segment, ...]
    size: int  # bytes of all its files
    peak: int  # of the densest segment
    average: int
    is_encrypted: bool = False

    @property
    def seconds(self) -> float:
        return sum(segment.length for segment in self.segments)


def read(folder: Path, name: str) -> Playlist:
    """Read a media playlist; raises Broken unless it is complete and every file has content."""
    path = folder / name
    if not path.is_file():
        raise Broken(f"{name} was not written")
    lines = path.read_text(encoding="utf-8").splitlines()
    if "#EXT-X-ENDLIST" not in lines:
        raise Broken(f"{name} has no end")
    init = next((found[1] for line in lines if (found := _MAP.match(line))), "")
    segments: list[Segment] = []
    start = length = 0.0
    for line in lines:
        if line.startswith("#EXTINF:"):
            length = float(line.removeprefix("#EXTINF:").split(",")[0])
        elif line and not line.startswith("#"):
            segments.append(Segment(line, start, length))
            start += length
    if not init or not segments:
        raise Broken(f"{name} names no segments")
    sizes = [_size(folder, segment.name) for segment in segments]
    head = _size(folder, init)
    # The last segment may be a few frames long; its rate says nothing.
    rates = [
        size * 8 / segment.length
        for size, segment in zip(sizes, segments, strict=True)
        if segment.length >= 1 or len(segments) == 1
    ]
    seconds = max(0.001, sum(segment.length for segment in segments))
    average = round(sum(sizes) * 8 / seconds)
    return Playlist(
        name=name,
        init=init,
        segments=tuple(segments),
        size=sum(sizes) + head,
        peak=max(average, *map(round, rates)) if rates else average,
        average=average,
        is_encrypted=any(line.startswith("#EXT-X-KEY:") for line in lines),
    )


def frame_sizes(
    folder: Path, playlist: Playlist, *, secret: bytes | None = None
) -> list[list[int]]:
    """Bytes of every frame, segment by segment; each segment begins with a keyframe."""
    track = mp4.pace((folder / playlist.init).read_bytes())
    if track is None:
        return []
    return [mp4.sizes(_plain(folder, playlist, one, secret), track) for one in playlist.segments]


def settle(folder: Path, name: str) -> None:
    """Write the true length of every segment into a playlist.

    ffmpeg adds up what the frame rate promises; where frames come irregularly (phones, recordings
    made in a browser) that is another length than that of the frames.
    """
    playlist = read(folder, name)
    track = mp4.pace((folder / playlist.init).read_bytes())
    if track is None or not track.timescale:
        raise Broken(f"{playlist.init} has no track")
    spans = [mp4.span((folder / one.name).read_bytes(), track) for one in playlist.segments]
    known = [one for one in spans if one is not None]
    if len(known) < len(spans):
        raise Broken(f"a segment of {name} has nothing in it")
    begins = [begin for begin, _end in known] + [known[-1][1]]
    lengths = iter([(after - before) / track.timescale for before, after in pairwise(begins)])
    lines = []
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#EXTINF:"):
            line = f"#EXTINF:{next(lengths):.6f},"  # noqa: PLW2901 - the line as it should be
        lines.append(line)
    longest = max(after - before for before, after in pairwise(begins)) / track.timescale
    lines = [
        f"#EXT-X-TARGETDURATION:{max(1, round(longest + 0.499))}"
        if line.startswith("#EXT-X-TARGETDURATION:")
        else line
        for line in lines
    ]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def open_in_chunks(folder: Path, name: str, seconds: float) -> None:
    """Write the first segment of a rendition so that it plays while it still arrives."""
    playlist = read(folder, name)
    path = folder / playlist.segments[0].name
    whole = path.read_bytes()
    chunked = mp4.chunked(whole, mp4.timescales((folder / playlist.init).read_bytes()), seconds)
    if chunked != whole:
        path.unlink()  # it may be shared with a version that is served
        path.write_bytes(chunked)


def _size(folder: Path, name: str) -> int:
    path = folder / name
    size = path.stat().st_size if "/" not in name and path.is_file() else 0
    if not size:
        raise Broken(f"{name} is missing or empty")
    return size


@dataclass(frozen=True)
class Variant:
    """One line of the master playlist; width 0 for sound alone, rate 0 for unknown."""

    playlist: Playlist
    width: int
    height: int
    rate: float
    codecs: str


def codecs(folder: Path, playlist: Playlist, *, sound: bool, picture: bool) -> str:
    """The CODECS value of a rendition, from the bytes of its own header."""
    found = []
    if picture:
        head = (folder / playlist.init).read_bytes()
        at = head.find(b"avcC")
        if at < 0:
            raise Broken(f"{playlist.init} has no H.264 header")
        found.append(_avc(head, at))
    if sound:
        found.append(AAC_LC)
    return ",".join(found)


def opening(folder: Path, name: str) -> str:
    """The CODECS of a rendition that a browser can be given as it is; "" for an encrypted one."""
    try:
        lines = (folder / f"{name}.m3u8").read_text(encoding="utf-8")
        head = (folder / f"{name}-init.mp4").read_bytes()
    except OSError:
        return ""
    at = head.find(b"avcC")
    if at < 0 or "#EXT-X-KEY:" in lines:
        return ""
    return _avc(head, at) + (f",{AAC_LC}" if b"mp4a" in head else "")


def _avc(head: bytes, at: int) -> str:
    """Profile, constraints and level of the H.264 in a header whose “avcC” lies at `at`."""
    return "avc1." + head[at + 5 : at + 8].hex()


def write_master(folder: Path, variants: Sequence[Variant]) -> None:
    """Write the master playlist, best rendition first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        facts = {
            "BANDWIDTH": variant.playlist.peak,
            "AVERAGE-BANDWIDTH": variant.playlist.average,
            "CODECS": f'"{variant.codecs}"',
        }
        if variant.width:
            facts["RESOLUTION"] = f"{variant.width}x{variant.height}"
        if variant.rate:
            facts["FRAME-RATE"] = f"{variant.rate:.3f}"
        lines.append("#EXT-X-STREAM-INF:" + ",".join(f"{k}={v}" for k, v in facts.items()))
        lines.append(variant.playlist.name)
    (folder / MASTER).write_text("\n".join(lines) + "\n", encoding="utf-8")


def joined(
    folder: Path,
    playlist: Playlist,
    segments: Sequence[Segment],
    target: Path,
    *,
    secret: bytes | None = None,
) -> None:
    """Put the header and some segments together as one playable file.

    Of a rendition that is encrypted, the recording's secret is needed. Raises Broken without.
    """
    with target.open("wb") as out:
        out.write((folder / playlist.init).read_bytes())
        for segment in segments:
            out.write(_plain(folder, playlist, segment, secret))


def _plain(folder: Path, playlist: Playlist, segment: Segment, secret: bytes | None) -> bytes:
    data = (folder / segment.name).read_bytes()
    if not playlist.is_encrypted:
        return data
    if secret is None:
        raise Broken(f"{playlist.name} is encrypted, and its secret is lost")
    key = aes128.key_of(secret, Path(playlist.name).stem)
    try:
        return aes128.decrypted(data, key, playlist.segments.index(segment))
    except ValueError as error:
        raise Broken(f"{segment.name} was encrypted with another secret") from error


def encrypt(folder: Path, playlist: Playlist, secret: bytes) -> None:
    """Encrypt the segments of a rendition in their place, and say so in its playlist.

    Its header stays as it is: the line with the key comes after it.
    """
    rendition = Path(playlist.name).stem
    key = aes128.key_of(secret, rendition)
    for number, segment in enumerate(playlist.segments):
        path = folder / segment.name
        data = path.read_bytes()
        path.unlink()  # it may be shared with a version that is served
        path.write_bytes(aes128.encrypted(data, key, number))
    path = folder / playlist.name
    lines = path.read_text(encoding="utf-8").splitlines()
    after = next(n for n, line in enumerate(lines) if line.startswith("#EXT-X-MAP:"))
    lines.insert(after + 1, f'#EXT-X-KEY:METHOD=AES-128,URI="{rendition}.key"')
    path.unlink()
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def decrypt(folder: Path, playlist: Playlist, target: Path, secret: bytes | None) -> None:
    """Write a rendition that is encrypted into another folder as it was before."""
    (target / playlist.init).write_bytes((folder / playlist.init).read_bytes())
    for segment in playlist.segments:
        (target / segment.name).write_bytes(_plain(folder, playlist, segment, secret))
    lines = (folder / playlist.name).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("#EXT-X-KEY:")]
    (target / playlist.name).write_text("\n".join(kept) + "\n", encoding="utf-8")
