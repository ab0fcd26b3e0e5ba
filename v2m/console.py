"""The mixing desk: each voice through its channel, level per role, pan, low cut; room, echo; their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.desk import Desk
from generators.music import Voice
from v2m.channel import Bus, Channel
from v2m.convolve import Convolver
from v2m.echo import EchoLine
from v2m.pump import Ducker
from v2m.render import StemBlock
from v2m.room import highpass, impulse_response

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
    "band": 0.0,
}
# How much of its send each role gives the room: low notes would muddy it.
SEND: dict[str, float] = {"bass": 0.15, "drums": 0.5, "band": 0.5}
SEND_DB = -4.0
LOW_ROLES = ("bass", "drums", "accents", "band")
LOW_CUT_HZ = 90.0
_ALL = ""  # the group of all voices; a voice has a name


@dataclass(frozen=True, eq=False)
class Mixed:
    """float32 `[2, n]` each: the bus, and each voice on it (empty unless asked for)."""

    bus: NDArray[np.float32]
    stems: dict[str, NDArray[np.float32]]


class Channels:
    """Each voice's stem through its channel, to its level and place, dipped by the kick; block by block."""

    def __init__(self, voices: Sequence[Voice], desk: Desk, sample_rate: int) -> None:
        self.voices = tuple(voices)
        self._channels = {voice.name: Channel(voice.strip, sample_rate) for voice in self.voices}
        self._ducker = None if desk.pump is None else Ducker(desk.pump, sample_rate)

    def feed(self, block: StemBlock, n: int) -> dict[str, NDArray[np.float32]]:
        """The first `n` samples of the dry stems → voice → float32 `[2, n]`."""
        dip = None if self._ducker is None else self._ducker.dip(block.start, n, block.kicks)
        placed = {}
        for voice in self.voices:
            stem = block.stems.get(voice.name)
            if stem is None:
                continue
            sound = self._channels[voice.name].feed(stem[:, :n]) * _left_right(voice)
            if voice.strip.pump and self._ducker is not None and dip is not None:
                sound *= self._ducker.gain(dip, voice.strip.pump)
            placed[voice.name] = sound
        return placed


class Console:
    """Places voices in the room, block by block.

    Args:
        desk: what they share.
        separate: also give each voice apart, room and echo included; they sum to what goes through
            the desk's own equaliser, compressor and drive.
        placed: the stems have gone through their `Channels` already.
    """

    def __init__(
        self,
        voices: Sequence[Voice],
        desk: Desk,
        sample_rate: int,
        separate: bool = False,
        placed: bool = False,
    ) -> None:
        self.voices = tuple(voices)
        self.separate = separate
        reverb, cut = impulse_response(desk.room, sample_rate), highpass(LOW_CUT_HZ, sample_rate)
        groups = [_ALL, *(voice.name for voice in self.voices if separate)]
        self._rooms = {name: Convolver(reverb) for name in groups}
        self._cuts = {name: Convolver(cut) for name in groups}
        self._channels = None if placed else Channels(voices, desk, sample_rate)
        self._echo = desk.echo
        self._echoes = {name: EchoLine(desk.echo, sample_rate) for name in groups} if desk.echo else {}
        self._bus = Bus(desk, sample_rate)

    def mix(self, block: StemBlock, n: int) -> Mixed:
        """Mix the first `n` samples of the stems (a missing one is silent, but its room rings on)."""
        if self._channels is None:
            stems = {name: stem[:, :n] for name, stem in block.stems.items()}
        else:
            stems = self._channels.feed(block, n)
        # The bus is mixed alike whether stems are wanted or not: summed from them, it would differ in
        # the last bits, and a replay with stems would be another file.
        bus = self._bus.feed(self._place(self.voices, stems, n, _ALL))
        apart = (voice for voice in self.voices if self.separate)
        return Mixed(bus, {voice.name: self._place((voice,), stems, n, voice.name) for voice in apart})

    def _place(
        self, voices: Sequence[Voice], placed: Mapping[str, NDArray[np.float32]], n: int, group: str
    ) -> NDArray[np.float32]:
        low, high, send, echoed = (np.zeros((2, n), np.float32) for _ in range(4))
        for voice in voices:
            sound = placed.get(voice.name)
            if sound is None:
                continue
            bus = low if voice.role in LOW_ROLES else high
            bus += sound
            level = np.float32(voice.reverb * SEND.get(voice.role, 1.0) * 10 ** (SEND_DB / 20))
            if level:
                send += sound * level
            if voice.strip.echo and self._echo is not None:
                echoed += sound * np.float32(voice.strip.echo)
        if self._echo is not None:
            repeats = self._echoes[group].feed(echoed)
            high += repeats
            send += repeats * np.float32(self._echo.room)
        return low + self._cuts[group].feed(high) + self._rooms[group].feed(send)


def _left_right(voice: Voice) -> NDArray[np.float32]:
    """Level and equal-power pan as two factors, `[2, 1]`; a voice in the middle keeps its level."""
    gain = 10 ** ((LEVEL_DB[voice.role] + voice.gain_db) / 20)
    angle = (voice.pan + 1) * np.pi / 4
    return np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(gain * np.sqrt(2))
