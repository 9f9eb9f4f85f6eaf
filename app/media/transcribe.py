"""faster-whisper: what is said in a sound, by a model in a folder of this machine.

The library is optional and heavy (half a gigabyte), so it runs as a child process, under limits and
without a network, in our own Python or in another one that has it (WEIKE_SPEECH_PYTHON). This file
is both: the adapter that the worker imports, and, run as a program, the child that loads the model.
"""

from __future__ import annotations

import json
import os
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = ("model.bin", "config.json", "tokenizer.json")
SAMPLES = 16_000  # a second, of the sound that Whisper hears
MEMORY = 24 * 1024**3  # addresses, not pages: CTranslate2 reserves many
# Whisper writes both scripts and few signs unless it sees how it is meant.
PROMPTS = {"zh": "以下是一段普通话讲解，请使用简体中文和标点符号。"}
NO_LIBRARY, BAD_MODEL = "library", "model"


class NotLoaded(Exception):
    """The model cannot be used: `why` is "library" or "model", the text is for the operator."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why = why


class Ended(Exception):
    """The child was ended from outside or by a limit."""


@dataclass(frozen=True)
class Speech:
    """Where the model is, and the Python that has the library ("" for ours)."""

    model: str
    python: str = ""

    @property
    def interpreter(self) -> str:
        return self.python or sys.executable


def missing_files(model: Path) -> str:
    """What a folder lacks to be a model of CTranslate2; "" when it looks like one.

    Without its tokenizer the library would try to fetch one from the network.
    """
    if not model.is_dir():
        return f"{model} is no folder"
    lacking = [name for name in FILES if not (model / name).is_file()]
    if not any(model.glob("vocabulary.*")):
        lacking.append("vocabulary.json")
    return f"{model} has no {', '.join(lacking)}" if lacking else ""


def load(speech: Speech, *, seconds: float = 300) -> str:
    """Load the model and forget it again; returns what it is. Raises NotLoaded, Ended."""
    said: list[dict[str, Any]] = []
    _run(speech, ["-", "", "1"], seconds, said.append, lambda: True)
    return str(said[-1].get("loaded", "")) if said else ""


def transcribe(
    speech: Speech,
    sound: Path,
    *,
    language: str,
    threads: int,
    seconds: float,
    on_heard: Callable[[int, int, str], None],
    keep_going: Callable[[], bool],
) -> None:
    """Hear a WAV file of 16 kHz; `on_heard` gets each sentence (start ms, end ms, words).

    `language` is a code of Whisper: zh, en. Raises NotLoaded, and Ended after `seconds` or when
    `keep_going` says no.
    """

    def one(said: dict[str, Any]) -> None:
        if "text" in said:
            on_heard(int(said["start"]), int(said["end"]), str(said["text"]))

    _run(speech, [str(sound), language, str(threads)], seconds, one, keep_going)


def _run(
    speech: Speech,
    arguments: list[str],
    seconds: float,
    on_said: Callable[[dict[str, Any]], None],
    keep_going: Callable[[], bool],
) -> None:
    # Not at the top: the child runs this file where there is no `app`.
    from app.core.child import Leash, MissingProgram, run

    lacking = missing_files(Path(speech.model))
    if lacking:
        raise NotLoaded(BAD_MODEL, lacking)
    refused: list[NotLoaded] = []

    def read(line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # what a library prints by itself
        if isinstance(said, dict) and "error" in said:
            refused.append(NotLoaded(str(said["error"]), str(said.get("detail", ""))))
        elif isinstance(said, dict):
            on_said(said)

    leash = Leash(
        wall=seconds,
        cpu=round(seconds * 16),
        memory=MEMORY,
        file_size=1024 * 1024,
        open_files=256,
        offline=True,
    )
    command = [speech.interpreter, "-I", __file__, speech.model, *arguments]
    try:
        outcome = run(command, leash, on_line=read, keep_going=keep_going)
    except MissingProgram as error:
        raise NotLoaded(NO_LIBRARY, str(error)) from error
    if refused:
        raise refused[0]
    if not outcome.good:
        why = "it took too long" if outcome.timed_out else f"ended with {outcome.code}"
        raise Ended(f"{why}\n{outcome.tail}")


# --- the child ------------------------------------------------------------------------------------


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main(model: str, sound: str, language: str, threads: str) -> int:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["OMP_NUM_THREADS"] = threads
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        say(error=NO_LIBRARY, detail=f"{sys.executable}: {error}")
        return 1
    try:
        whisper = WhisperModel(
            model,
            device="cpu",
            compute_type="int8",
            cpu_threads=int(threads),
            local_files_only=True,
        )
    except Exception as error:
        say(error=BAD_MODEL, detail=f"{type(error).__name__}: {error}")
        return 1
    languages = "many languages" if whisper.model.is_multilingual else "English only"
    say(loaded=languages)
    if sound == "-":
        return 0
    if language not in {"", "en"} and not whisper.model.is_multilingual:
        say(error=BAD_MODEL, detail=f"the model hears English only, and was asked for {language}")
        return 1
    found, _info = whisper.transcribe(
        _samples(sound),
        language=language or None,
        initial_prompt=PROMPTS.get(language),
        condition_on_previous_text=False,  # a mistake is not repeated until the end
        vad_filter=True,  # where nobody speaks, it would invent something
    )
    for one in found:
        say(start=round(one.start * 1000), end=round(one.end * 1000), text=one.text.strip())
    return 0


def _samples(path: str) -> Any:
    import numpy as np

    with wave.open(path, "rb") as file:
        frames = file.readframes(file.getnframes())
    return np.frombuffer(frames, dtype="<i2").astype("float32") / 32768.0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
