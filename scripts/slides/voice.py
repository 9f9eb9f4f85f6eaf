"""Narration: each sentence spoken by espeak-ng, measured, joined, and made pleasant by ffmpeg.

Needed only when a text changes: the spoken files are kept with the course.
"""

from __future__ import annotations

import array
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import ffmpeg

from scripts.slides.deck import Beat, Deck, Times

LEAD, BETWEEN, TAIL = 750, 380, 1400  # ms of silence: before a slide's first word, between, at end
LOUDNESS = {"i": -16, "tp": -1.5, "lra": 7}  # LUFS, dBTP, LU
QUIET = 250  # of 32767: below this a sample is silence
# espeak-ng 1.51 reads Chinese characters as English letters ("cmn"); it reads pinyin well.
VOICES = {"zh_Hans": ("cmn-latn-pinyin", 190), "en": ("en-us", 158)}  # voice, words a minute
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MARKS = str.maketrans(
    {
        "，": ",",
        "、": ",",
        "：": ",",
        "。": ".",
        "；": ".",
        "？": "?",
        "！": "!",
        "“": " ",
        "”": " ",
    }
)
# What pypinyin gets wrong in our texts: neutral tones, and characters with several readings.
READINGS = {
    "东西": "dong1xi5",
    "部分": "bu4fen5",
    "名字": "ming2zi5",
    "消息": "xiao1xi5",
    "告诉": "gao4su5",
    "地方": "di4fang5",
    "觉得": "jue2de5",
    "学得": "xue2de5",
    "写得": "xie3de5",
    "等得起": "deng3de5qi3",
    "看过": "kan4guo5",
    "没有打过": "mei2you3 da3guo5",
    "输入过": "shu1ru4guo5",
    "可以调": "ke2yi3 tiao2",
    "斜杠": "xie2gang4",
    "当面向": "dang1mian4 xiang4",
    "压下压把": "ya1xia4 ya1ba3",
    "门发烫": "men2 fa1tang4",
    "谁": "shei2",
    "分分": "fen5 fen1",
}


class NoVoice(RuntimeError):
    """There is no espeak-ng on this machine."""


def speak(deck: Deck) -> Times:
    """Make the narration of a deck beside it; returns when each sentence is spoken."""
    if shutil.which("espeak-ng") is None:
        raise NoVoice("espeak-ng is missing, which speaks the narration: apt-get install espeak-ng")
    deck.media.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rate, samples, times = _assemble(deck, Path(folder))
        joined = Path(folder) / "joined.wav"
        with wave.open(str(joined), "wb") as out:
            out.setparams((1, 2, rate, 0, "NONE", ""))
            out.writeframes(samples.tobytes())
        _master(joined, deck.audio)
    return times


def _assemble(deck: Deck, folder: Path) -> tuple[int, array.array[int], Times]:
    samples: array.array[int] = array.array("h")
    rate = 22_050
    starts, spans = [], []

    def now() -> int:
        return round(len(samples) * 1000 / rate)

    def silence(ms: int) -> None:
        samples.extend(itertools.repeat(0, rate * ms // 1000))

    for slide in deck.slides:
        starts.append(now())
        silence(LEAD)
        inside = []
        for number, beat in enumerate(slide.beats):
            if number:
                silence(BETWEEN)
            rate, spoken = _say(deck, beat, folder / "beat.wav")
            begin = now()
            samples.extend(spoken)
            inside.append((begin, now()))
        spans.append(tuple(inside))
        silence(BETWEEN)
    silence(TAIL)
    return rate, samples, Times(now(), tuple(starts), tuple(spans))


def _say(deck: Deck, beat: Beat, path: Path) -> tuple[int, array.array[int]]:
    voice, speed = VOICES[deck.language]
    pitch = deck.voices.get(beat.who, 50)
    argv = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(path)]
    subprocess.run([*argv, "--", sounds(deck, beat.say)], check=True)
    with wave.open(str(path)) as source:
        rate = source.getframerate()
        samples = array.array("h", source.readframes(source.getnframes()))
    loud = [at for at in range(0, len(samples), 64) if abs(samples[at]) > QUIET]
    if not loud:
        raise NoVoice(f"espeak-ng said nothing for “{beat.say}” in {deck.path}")
    margin = rate * 40 // 1000
    return rate, samples[max(0, loud[0] - margin) : loud[-1] + margin]


def sounds(deck: Deck, text: str) -> str:
    """What the speech engine is given: for Chinese pinyin, with the readings of the deck."""
    if deck.language != "zh_Hans":
        for written, read in deck.spoken.items():
            text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", lambda _, r=read: r, text)
        return text
    readings = READINGS | deck.spoken
    known = "|".join(sorted(map(re.escape, readings), key=len, reverse=True))
    parts = (readings.get(part) or _pinyin(part) for part in re.split(f"({known})", text))
    return _sandhi(re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", " ".join(parts))).strip())


def _pinyin(text: str) -> str:
    """Pinyin with tone numbers, the syllables of one word together."""
    import rjieba
    from pypinyin import Style, lazy_pinyin

    style = {"style": Style.TONE3, "neutral_tone_with_five": True, "v_to_u": True}
    words = []
    for word in rjieba.cut(text):
        if not _HAN.search(word):
            words.append(word.translate(_MARKS))
            continue
        syllables = zip(word, lazy_pinyin(word, **style), strict=True)
        words.append("".join(s + "~" if char in "一不" else s for char, s in syllables))
    return " ".join(words)


def _sandhi(pinyin: str) -> str:
    """The tones of 一 and 不 (marked ~) before what follows; espeak-ng itself does third tones."""
    pinyin = re.sub(r"bu\d~(?= ?[a-zü]+4)", "bu2", pinyin)
    pinyin = re.sub(r"(di4|wan4|zhou1|shi2)yi\d~", r"\1yi1", pinyin)  # 第一, 万一, 周一, 十一
    pinyin = re.sub(r"\b([a-zü]+\d) ?yi\d~ ?(?=\1\b)", r"\1yi5", pinyin)  # 看一看
    pinyin = re.sub(r"yi\d~(?= ?[a-zü]+4)", "yi2", pinyin)
    pinyin = re.sub(r"yi\d~(?= ?[a-zü]+[123])", "yi4", pinyin)
    return pinyin.replace("~", "")


def _master(joined: Path, target: Path) -> None:
    """Warmer, less sharp, evenly loud; Opus at 24 kbit/s. Times stay as they are."""

    def shaped() -> ffmpeg.Stream:
        return (
            ffmpeg.input(str(joined))
            .audio.filter("highpass", f=70)
            .filter("equalizer", f=190, t="q", w=1, g=2)
            .filter("equalizer", f=3300, t="q", w=1.2, g=-3)
            .filter("lowpass", f=9000)
            .filter("acompressor", threshold="-20dB", ratio=2, attack=8, release=120)
        )

    measuring = shaped().filter("loudnorm", **LOUDNESS, print_format="json")
    report = ffmpeg.output(measuring, "-", format="null").run(capture_stderr=True, quiet=True)[1]
    found = json.loads(re.findall(rb"\{[^{}]+\}", report)[-1])
    levelled = shaped().filter(
        "loudnorm",
        **LOUDNESS,
        linear="true",
        measured_I=found["input_i"],
        measured_TP=found["input_tp"],
        measured_LRA=found["input_lra"],
        measured_thresh=found["input_thresh"],
        offset=found["target_offset"],
    )
    ffmpeg.output(
        levelled,
        str(target),
        acodec="libopus",
        audio_bitrate="24k",
        ar=48_000,
        ac=1,
        application="voip",
        map_metadata=-1,
        fflags="+bitexact",
        **{"flags:a": "+bitexact"},
    ).run(overwrite_output=True, quiet=True)
