"""Captions that the server writes itself, from what is said in a recording."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import select

from app.core import clock
from app.core.db import db, reading
from app.core.refusals import NotThere
from app.media import ffmpeg, opencc, transcribe, webvtt
from app.media.models import CaptionTrack
from app.media.rules import (
    BAD_MODEL,
    NO_LIBRARY,
    NOT_HEARD,
    NOTHING_SAID,
    SOURCE_GONE,
    Facts,
    SpeechFailed,
    caption_cues,
    clean_language,
)
from app.media.service.captions import keep_cues
from app.media.service.folder import config, media_folder
from app.media.service.recordings import row_of

SLOWEST = 8  # times the recording that hearing may take, and ten minutes
PREPARED = 5  # per cent of the whole when the sound is there
SPEECH_FAILURES = {transcribe.NO_LIBRARY: NO_LIBRARY, transcribe.BAD_MODEL: BAD_MODEL}


def speech() -> transcribe.Speech | None:
    """The speech model of this site; None where there is none."""
    settings = config()
    if not settings.speech_model:
        return None
    return transcribe.Speech(settings.speech_model, settings.speech_python)


def can_hear() -> bool:
    """Whether captions can be asked for: there is a model, and something that could load it."""
    found = speech()
    if found is None:
        return False
    if found.python:
        return Path(found.python).is_file()
    return find_spec("faster_whisper") is not None


def hear(
    media_id: int, *, language: str, report: Callable[[int], None], keep_going: Callable[[], bool]
) -> list[tuple[int, int, str]]:
    """What is said in a recording, as cues. Takes minutes: call it outside any transaction.

    `report` gets per cent. Raises SpeechFailed with a sentence for the trainer, NotThere.
    """
    with reading():
        row = row_of(media_id)
        uuid, facts = row.uuid, Facts(**row.facts)
    model = speech()
    if model is None:
        raise SpeechFailed(NO_LIBRARY, "WEIKE_SPEECH_MODEL is empty")
    folder = media_folder()
    source = folder.source(uuid)
    if not source.is_file():
        raise SpeechFailed(SOURCE_GONE)
    if facts.audio < 0:
        raise SpeechFailed(NOTHING_SAID)
    folder.look_for_room(facts.duration_ms * 2 * transcribe.SAMPLES // 1000)
    work = folder.work(secrets.token_hex(16), secrets.token_hex(16))
    work.mkdir(parents=True)
    try:
        sound = work / "speech.wav"
        ffmpeg.speech(source, facts, sound, rate=transcribe.SAMPLES, keep_going=keep_going)
        report(PREPARED)
        heard = _heard(
            model,
            sound,
            language=language,
            duration_ms=facts.duration_ms,
            report=report,
            keep_going=keep_going,
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    cues = caption_cues(heard, duration_ms=facts.duration_ms)
    if not cues:
        raise SpeechFailed(NOTHING_SAID)
    texts = [webvtt.plain(words) for _, _, words in cues]
    if clean_language(language) in opencc.SCRIPTS:
        texts = opencc.rewritten(texts, to=clean_language(language))
    return [(start, end, text) for (start, end, _), text in zip(cues, texts, strict=True)]


def _heard(
    model: transcribe.Speech,
    sound: Path,
    *,
    language: str,
    duration_ms: int,
    report: Callable[[int], None],
    keep_going: Callable[[], bool],
) -> list[tuple[int, int, str]]:
    heard: list[tuple[int, int, str]] = []
    told = PREPARED

    def going_on() -> bool:
        nonlocal told
        percent = PREPARED + (heard[-1][1] if heard else 0) * (99 - PREPARED) // duration_ms
        if percent > told:
            told = percent
            report(min(99, percent))
        return keep_going()

    try:
        transcribe.transcribe(
            model,
            sound,
            language=language.partition("-")[0],
            threads=config().ffmpeg_threads,
            seconds=600 + SLOWEST * duration_ms / 1000,
            on_heard=lambda start, end, words: heard.append((start, end, words)),
            keep_going=going_on,
        )
    except transcribe.NotLoaded as error:
        raise SpeechFailed(SPEECH_FAILURES[error.why], str(error)) from error
    except transcribe.Ended as error:
        raise SpeechFailed(NOT_HEARD, str(error)) from error
    return heard


def keep_heard(
    media_id: int, cues: list[tuple[int, int, str]], *, language: str, label: str
) -> bool:
    """Keep what was heard as captions, marked as written by the machine.

    False, and nothing is kept, when somebody has added captions of this language meanwhile.
    """
    tag = clean_language(language)
    there = db.session().scalar(
        select(CaptionTrack.by_machine).where(
            CaptionTrack.media_id == media_id, CaptionTrack.language == tag
        )
    )
    if there is False:
        return False
    keep_cues(media_id, tag, label, [list(cue) for cue in cues], by_machine=True)
    return True


def check_speech() -> str:
    """Load the model once, for the operator; returns what it is. Raises SpeechFailed, NotThere."""
    model = speech()
    if model is None:
        raise NotThere
    begun = clock.monotonic()
    try:
        what = transcribe.load(model)
    except transcribe.NotLoaded as error:
        raise SpeechFailed(SPEECH_FAILURES[error.why], str(error)) from error
    except transcribe.Ended as error:
        raise SpeechFailed(BAD_MODEL, str(error)) from error
    return f"{what}, loaded in {clock.monotonic() - begun:.1f} s"
