"""One-bar patterns written for one metre → the metre that a bar has."""

from __future__ import annotations

from functools import cache

from generators.grid import DOTTED_SLOTS, is_dotted

# Which beats of a four-beat pattern stand for the beats of another metre: the downbeat stays a
# downbeat, and the backbeat (second and fourth) stays weak.
_FOUR_TO = {1: (0,), 2: (0, 1), 3: (0, 1, 3), 4: (0, 1, 2, 3), 5: (0, 1, 3, 2, 3), 6: (0, 1, 3, 2, 1, 3)}
_SOFTEST_FIRST = "oxX"


@cache
def fit_pattern(pattern: str, beats: int, slots_per_beat: int) -> str:
    """A pattern of four characters a beat, for a bar of `beats` beats of `slots_per_beat` slots.

    A compound beat keeps what falls on the beat and plays three eighths for two; a lone second half goes
    on the last third. Of a pattern in three it plays the whole, an eighth for each beat, so that a waltz's
    bass and after-beats are those of a barcarolle. A 3/8 bar among quarters plays the pattern's first six
    sixteenths, at their own pace.
    """
    if is_dotted(beats, slots_per_beat):
        return pattern[:DOTTED_SLOTS].ljust(DOTTED_SLOTS, ".")
    if is_waltz_in_eighths(len(pattern) // 4, slots_per_beat):
        return pattern[::4] * beats
    cells = [pattern[i : i + 4] for i in range(0, len(pattern), 4)]
    return "".join(_cell(cells[beat], slots_per_beat) for beat in fit_beats(len(cells), beats))


def is_waltz_in_eighths(written: int, slots_per_beat: int) -> bool:
    """Whether a pattern of `written` beats goes into each beat, a beat to an eighth."""
    return written == 3 == slots_per_beat


@cache
def fit_beats(written: int, beats: int) -> tuple[int, ...]:
    """Which of a pattern's `written` beats stands for each of a bar's `beats`."""
    if written == beats:
        return tuple(range(beats))
    if written == 4 and beats in _FOUR_TO:
        return _FOUR_TO[beats]
    return tuple(
        (beat if beat < written else 1 + (beat - 1) % max(written - 1, 1)) % written for beat in range(beats)
    )


def _cell(cell: str, slots: int) -> str:
    if slots == 4:
        return cell
    out = ["."] * slots
    for position, char in enumerate(cell):
        if char != ".":
            at = round(position * slots / 4)
            if at < slots and out[at] == ".":
                out[at] = char
    if slots == 3 and cell[0] != "." and cell[2] != ".":
        out[1] = min(cell[0], cell[2], key=_SOFTEST_FIRST.index)
    return "".join(out)


def onsets(pattern: str) -> list[int]:
    """The slots on which a pattern plays."""
    return [slot for slot, char in enumerate(pattern) if char != "."]
