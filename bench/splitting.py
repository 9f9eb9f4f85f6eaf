"""Proposing cuts in lectures that a voice synthesiser speaks, with pauses that are known.

Every lecture is of another length (40 to 90 minutes), noise and rhythm. Counted are the cuts that
lie in a pause, and how fast the whole analysis is: decoding, loudness, levels, choosing. Number of
lectures: bench/splitting.py [3]. Without espeak-ng, tones take the place of the voice.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from array import array
from pathlib import Path

from app.media import ffmpeg
from app.media.rules import Facts, parts_of, propose

RATE = 22_050
GOAL_SPEED = 60
SENTENCES = (
    "When the fire alarm rings, stop what you are doing and leave the building at once.",
    "Do not use the lift, and help those who cannot walk quickly.",
    "The meeting point is on the other side of the street, next to the old tree.",
    "Somebody of your branch counts who is there and tells the fire brigade.",
    "Last year this took four minutes, and this year we want to be faster, don't we?",
    "Please look at the map on the next page before we go on with the second part.",
)


def voice(folder: Path) -> list[bytes]:
    """Each sentence as 16-bit samples."""
    spoken = []
    for number, sentence in enumerate(SENTENCES):
        path = folder / f"{number}.wav"
        if shutil.which("espeak-ng"):
            subprocess.run(["espeak-ng", "-w", str(path), sentence], check=True)
        else:
            tone = f"sine=frequency={200 + 40 * number}:duration=4:sample_rate={RATE},tremolo=f=5"
            command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", tone, str(path)]
            subprocess.run(command, check=True)
        with wave.open(str(path)) as sound:
            spoken.append(sound.readframes(sound.getnframes()))
    return spoken


def lecture(spoken: list[bytes], path: Path, seed: int) -> tuple[int, list[tuple[int, int]]]:
    """Write one; returns its length and its pauses, in ms."""
    chance = random.Random(seed)
    minutes = chance.randint(40, 90)
    loudness = chance.choice((0, 12, 60, 150))
    noise = array("h", (chance.randint(-loudness, loudness) for _ in range(RATE * 4))).tobytes()
    pauses = []
    at = 0
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        while at < minutes * 60 * RATE:
            words = chance.choice(spoken)
            out.writeframesraw(words)
            at += len(words) // 2
            length = int(RATE * chance.uniform(0.5, 2.5))
            out.writeframesraw(noise[: length * 2])
            pauses.append((at * 1000 // RATE, (at + length) * 1000 // RATE))
            at += length
    return at * 1000 // RATE, pauses


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    cuts = inside = 0
    seconds = analysed = 0.0
    with tempfile.TemporaryDirectory(prefix="weike-bench-") as name:
        folder = Path(name)
        spoken = voice(folder)
        path = folder / "lecture.wav"
        for seed in range(number):
            length, pauses = lecture(spoken, path, seed)
            facts = Facts("audio", length, audio=0, audio_codec="pcm_s16le", channels=1)
            begin = time.monotonic()
            heard = ffmpeg.listen(path, facts, keep_going=lambda: True)
            found = propose(length, heard.levels)
            analysed += time.monotonic() - begin
            seconds += length / 1000
            places = [cut.at_ms for cut in found.cuts]
            parts_of(length, places)
            good = [at for at in places if any(a - 30 <= at <= b + 30 for a, b in pauses)]
            cuts += len(places)
            inside += len(good)
            print(
                f"seed {seed}: {length // 60_000} min, {len(good)} of {len(places)} cuts in a pause"
            )
    rows = [
        {
            "what": f"cuts of {number} spoken lectures that lie in a pause",
            "ours": f"{inside} of {cuts}",
            "other": "",
            "ratio": f"{inside / cuts:.2f}",
            "goal": "1.00",
        },
        {
            "what": "speed of the analysis",
            "ours": f"{seconds / analysed:.0f} × real time",
            "other": "",
            "ratio": "",
            "goal": f"≥ {GOAL_SPEED} ×",
        },
    ]
    print(json.dumps({"name": "splitting", "rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
