"""The mixing desk: level per role, pan, low cut, and one room that every voice is sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.music import Voice
from v2m.convolve import Convolver
from v2m.room import Room, highpass, impulse_response

# Decibels by role, of one note of middle strength: patches come equally loud (`trim`) and a style
# balances its voices with `gain_db`, so this only evens out what roles do alike in every style:
# chords and pads strike several notes at once, accents come at full strength, often doubled.
LEVEL_DB: dict[str, float] = {
    "drums": 2.0,
    "bass": 0.0,
    "chords": -3.0,
    "pad": -4.0,
    "melody": 0.0,
    "counter": -1.0,
    "arpeggio": -1.0,
    "accents": -6.0,
}
# How much of its send each role gives the room: low notes would muddy it.
SEND: dict[str, float] = {"bass": 0.15, "drums": 0.5}
SEND_DB = -4.0
LOW_ROLES = ("bass", "drums", "accents")
LOW_CUT_HZ = 90.0
_ALL = ""  # the group of all voices; a voice has a name


@dataclass(frozen=True, eq=False)
class Mixed:
    """float32 `[2, n]` each: the bus, and each voice on it (empty unless asked for)."""

    bus: NDArray[np.float32]
    stems: dict[str, NDArray[np.float32]]


class Console:
    """Places voices in the room, block by block.

    Args:
        separate: also give each voice apart, room included; they sum to the bus.
    """

    def __init__(self, voices: Sequence[Voice], room: Room, sample_rate: int, separate: bool = False) -> None:
        self.voices = tuple(voices)
        self.separate = separate
        reverb, cut = impulse_response(room, sample_rate), highpass(LOW_CUT_HZ, sample_rate)
        groups = [_ALL, *(voice.name for voice in self.voices if separate)]
        self._rooms = {name: Convolver(reverb) for name in groups}
        self._cuts = {name: Convolver(cut) for name in groups}

    def mix(self, stems: Mapping[str, NDArray[np.float32]], n: int) -> Mixed:
        """Mix `n` samples of the stems (a missing one is silent, but its room rings on)."""
        # The bus is mixed alike whether stems are wanted or not: summed from them, it would differ in
        # the last bits, and a replay with stems would be another file.
        bus = self._place(self.voices, stems, n, _ALL)
        apart = (voice for voice in self.voices if self.separate)
        return Mixed(bus, {voice.name: self._place((voice,), stems, n, voice.name) for voice in apart})

    def _place(
        self, voices: Sequence[Voice], stems: Mapping[str, NDArray[np.float32]], n: int, group: str
    ) -> NDArray[np.float32]:
        low, high, send = (np.zeros((2, n), np.float32) for _ in range(3))
        for voice in voices:
            stem = stems.get(voice.name)
            if stem is None:
                continue
            placed = stem * _left_right(voice)
            bus = low if voice.role in LOW_ROLES else high
            bus += placed
            level = np.float32(voice.reverb * SEND.get(voice.role, 1.0) * 10 ** (SEND_DB / 20))
            if level:
                send += placed * level
        return low + self._cuts[group].feed(high) + self._rooms[group].feed(send)


def _left_right(voice: Voice) -> NDArray[np.float32]:
    """Level and equal-power pan as two factors, `[2, 1]`; a voice in the middle keeps its level."""
    gain = 10 ** ((LEVEL_DB[voice.role] + voice.gain_db) / 20)
    angle = (voice.pan + 1) * np.pi / 4
    return np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(gain * np.sqrt(2))
