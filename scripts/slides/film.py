"""The film: frames of a deck and its narration, joined by ffmpeg; made again only when needed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import ffmpeg

from scripts.slides import deck as decks
from scripts.slides import paint
from scripts.slides.deck import Deck

HERE = Path(__file__).resolve().parent


class CannotRender(RuntimeError):
    """ffmpeg is missing or failed; the text says which."""


def is_fresh(deck: Deck) -> bool:
    """Whether the video of a deck was made from what its sources hold now."""
    try:
        return deck.video.exists() and deck.stamp.read_text(encoding="ascii") == sources(deck)
    except FileNotFoundError:
        return False


def sources(deck: Deck) -> str:
    """The hash of everything that decides how the video looks and sounds."""
    total = hashlib.sha256()
    painters = [HERE / f"{name}.py" for name in ("art", "paint", "film")]
    for path in (deck.path, deck.timing, deck.audio, *painters):
        total.update(path.read_bytes())
    return total.hexdigest()


def render(deck: Deck) -> Path:
    """Make the video of a deck. Raises BadDeck, NoFont, CannotRender."""
    if shutil.which("ffmpeg") is None:
        raise CannotRender("ffmpeg is missing, which makes the videos: apt-get install ffmpeg")
    times = decks.times_of(deck)
    deck.video.parent.mkdir(parents=True, exist_ok=True)
    half_done = deck.video.with_name(f".{deck.video.name}.{os.getpid()}.part")
    pictures = ffmpeg.input(
        "pipe:",
        format="rawvideo",
        pix_fmt="bgr24",  # ffmpeg turns it into yuv420p in a third of the time that rgb24 takes
        s=f"{paint.WIDTH}x{paint.HEIGHT}",
        framerate=paint.FPS,
    )
    argv = (
        ffmpeg.output(
            pictures.video,
            ffmpeg.input(str(deck.audio)).audio,
            str(half_done),
            format="mp4",
            vcodec="libx264",
            preset="ultrafast",
            crf=22,
            g=paint.FPS * 5,
            pix_fmt="yuv420p",
            threads=1,  # two films at a time share the machine
            acodec="aac",
            aac_coder="fast",
            audio_bitrate="64k",
            movflags="+faststart",
        )
        .global_args("-loglevel", "error", "-nostdin")
        .compile(overwrite_output=True)
    )
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=complaints)
        try:
            for frame in paint.frames(deck, times):
                process.stdin.write(frame)  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
            process.wait()
        except BrokenPipeError:
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            complaints.seek(0)
            reason = complaints.read().decode("utf-8", "replace").strip()[-500:]
            half_done.unlink(missing_ok=True)
            raise CannotRender(f"ffmpeg could not make {deck.video}: {reason}")
    half_done.replace(deck.video)
    deck.stamp.write_text(sources(deck), encoding="ascii")
    return deck.video
