"""Loudness after EBU R128, and what a level says."""

from __future__ import annotations

from typing import NamedTuple

TARGET_LUFS = -16.0  # what people expect of speech on a phone
HIGHEST_PEAK = -1.5  # dBTP before the encoder, which may add a little
SILENT_LUFS = -55.0  # below this there is nothing to make louder
MOST_GAIN = 24.0
LEAST_GAIN = 0.4  # dB that nobody hears
STEP_MS = 50  # of one level
FLOOR_DB = -100  # what a level of 0 means; one step is half a decibel


class Heard(NamedTuple):
    """What listening to a recording once has told. Loudness in LUFS, peak in dBTP.

    `levels` has one byte for every STEP_MS: 0 for silence, 200 for full scale.
    """

    loudness: float
    peak: float
    levels: bytes


NOTHING_HEARD = Heard(-99.0, -99.0, b"")


def gain(loudness: float, peak: float) -> float:
    """Decibels that bring a recording to the target; less where its peaks would be cut off."""
    if loudness < SILENT_LUFS:
        return 0.0
    wanted = min(TARGET_LUFS - loudness, HIGHEST_PEAK - peak, MOST_GAIN)
    return round(wanted, 2) if abs(wanted) >= LEAST_GAIN else 0.0


def level(decibels: float) -> int:
    """One byte for a level: half a decibel a step."""
    return max(0, min(200, round((decibels - FLOOR_DB) * 2)))
