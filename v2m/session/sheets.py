"""`harmony.json`, `arrangement.json` and `mix.json`: what they hold, as text that a person can edit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generators.grid import PlanError
from generators.located_json import Row, one_line_each, read_rows
from generators.music import SymbolicMusic, Voice
from generators.plan import Plan
from generators.plan_file import read_written
from generators.rhythm.scheme import by_bar
from generators.written import WrittenChord, check_written

VERSION = 1
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def harmony_to_json(chords: Collection[WrittenChord], plan: Plan) -> str:
    """The text of `harmony.json`: each bar with its time, its key and its chords."""
    rows = by_bar(tuple(chords))
    bars = []
    for section in plan.sections:
        for bar in range(section.start_bar, section.end_bar):
            here = [[chord.beat + 1, chord.name] for chord in rows.get(bar, ())]
            begins = round(plan.grid.bars[bar].start_s, 3)
            bars.append({"bar": bar + 1, "starts_s": begins, "key": str(section.key), "chords": here})
    return one_line_each({"format": "v2m-harmony", "version": VERSION}, bars=bars)


def harmony_from_json(text: str, plan: Plan) -> tuple[WrittenChord, ...]:
    """The chords of `harmony.json`, in order.

    Raises:
        PlanError: naming the line and what was expected there.
    """
    data = read_rows(text, "v2m-harmony", VERSION)
    chords: list[WrittenChord] = []
    bars = len(plan.grid.bars)
    before = 0
    for row in data.rows("bars", "bar"):
        row.only("bar", "starts_s", "key", "chords")
        bar = row.whole("bar", 1, bars)
        if bar <= before:
            raise row.fault(f"bars must stand in order, each once; {bar} comes after {before}", "bar")
        before = bar
        here = read_written(row, bar - 1, "chords", WrittenChord)
        try:
            check_written("chord", here, plan.grid.bars)
        except PlanError as error:
            raise row.fault(str(error).partition(": ")[2], "chords") from error
        chords += here
    return tuple(chords)


def arrangement_to_json(playing: Mapping[str, frozenset[int]], roles: Mapping[str, str], bars: int) -> str:
    """The text of `arrangement.json`: a line a voice, with the bars in which it may play."""
    rows = [
        {"voice": name, "role": roles.get(name, ""), "plays": written_bars(playing[name], bars)}
        for name in playing
    ]
    return one_line_each({"format": "v2m-arrangement", "version": VERSION, "bars": bars}, voices=rows)


def arrangement_from_json(text: str, voices: Collection[str], bars: int) -> dict[str, frozenset[int]]:
    """Voice → the bars, from 0, in which it may play.

    Raises:
        PlanError: naming the line and what was expected there.
    """
    data = read_rows(text, "v2m-arrangement", VERSION)
    playing: dict[str, frozenset[int]] = {}
    for row in data.rows("voices", "voice"):
        row.only("voice", "role", "plays")
        name = row.text("voice", voices)
        if name in playing:
            raise row.fault(f"{name} is listed twice", "voice")
        try:
            playing[name] = read_bars(row.text("plays"), bars)
        except PlanError as error:
            raise row.fault(str(error), "plays") from error
    return playing


def written_bars(bars: Collection[int], count: int) -> str:
    """Bars, from 0, as a person writes them, from 1: `1-8, 13`; `all`; `none`."""
    if len(bars) == count:
        return "all"
    parts: list[str] = []
    first = last = -2
    for bar in [*sorted(bars), count + 1]:
        if bar == last + 1:
            last = bar
            continue
        if first >= 0:
            parts.append(f"{first + 1}" if first == last else f"{first + 1}-{last + 1}")
        first = last = bar
    return ", ".join(parts) or "none"


def read_bars(text: str, count: int) -> frozenset[int]:
    """The way back: bars from 0 of `1-8, 13`, `all` or `none`.

    Raises:
        PlanError: for anything else, or bars that there are not.
    """
    said = text.strip().lower().removeprefix("bars").removeprefix("bar").strip()
    if said in ("all", "none"):
        return frozenset(range(count)) if said == "all" else frozenset()
    bars: set[int] = set()
    for part in said.split(","):
        match = _RANGE.fullmatch(part.strip())
        if not match:
            raise PlanError(f"bars {text!r} are not understood; write 1-8, 13 or all or none")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise PlanError(f"bars {part.strip()}: the music has bars 1 to {count}")
        bars.update(range(first - 1, last))
    return frozenset(bars)


@dataclass(frozen=True)
class Fader:
    """One voice on the desk; fields as of `Voice`, and whether it is silent."""

    gain_db: float
    pan: float
    reverb: float
    mute: bool = False


@dataclass(frozen=True)
class MixSheet:
    """What `mix.json` says.

    Attributes:
        lufs: integrated loudness of the soundtrack.
        keep_audio: whether the clip's own sound is kept.
        duck_db: how far the music goes down under speech and loud moments of it.
        faders: by voice; a voice without one is mixed as its style mixes it.
    """

    lufs: float
    keep_audio: bool
    duck_db: float
    faders: Mapping[str, Fader]

    def mixed(self, music: SymbolicMusic) -> SymbolicMusic:
        """The music with its voices at these levels and places."""
        return replace(music, voices=tuple(self._voice(voice) for voice in music.voices))

    def _voice(self, voice: Voice) -> Voice:
        fader = self.faders.get(voice.name)
        if fader is None:
            return voice
        return replace(voice, gain_db=fader.gain_db, pan=fader.pan, reverb=fader.reverb)

    def sounding(self, music: SymbolicMusic) -> frozenset[str]:
        """The voices that are not muted."""
        return frozenset(v.name for v in music.voices if not (f := self.faders.get(v.name)) or not f.mute)


def mix_to_json(music: SymbolicMusic, lufs: float, keep_audio: bool, duck_db: float) -> str:
    """The text of `mix.json`, with the voices as their style mixes them."""
    head = {
        "format": "v2m-mix",
        "version": VERSION,
        "lufs": lufs,
        "keep_audio": keep_audio,
        "duck_db": duck_db,
    }
    rows: list[dict[str, Any]] = [
        {
            "voice": voice.name,
            "role": voice.role,
            "gain_db": round(voice.gain_db, 3),
            "pan": round(voice.pan, 4),
            "reverb": round(voice.reverb, 4),
            "mute": False,
        }
        for voice in music.voices
    ]
    return one_line_each(head, voices=rows)


def mix_from_json(text: str) -> MixSheet:
    """What `mix.json` says.

    Raises:
        PlanError: naming the line and what was expected there.
    """
    data = read_rows(text, "v2m-mix", VERSION)
    faders: dict[str, Fader] = {}
    for row in data.rows("voices", "voice"):
        row.only("voice", "role", "gain_db", "pan", "reverb", "mute")
        name = row.text("voice")
        if name in faders:
            raise row.fault(f"{name} is listed twice", "voice")
        faders[name] = _fader(row)
    return MixSheet(
        data.number("lufs", -30, -8), data.flag("keep_audio"), data.number("duck_db", 0, 40), faders
    )


def _fader(row: Row) -> Fader:
    return Fader(
        row.number("gain_db", -60, 24),
        row.number("pan", -1, 1),
        row.number("reverb", 0, 1),
        row.flag("mute"),
    )
