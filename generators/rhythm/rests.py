"""Notes in seconds → what of them sounds around the plan's silences."""

from __future__ import annotations

from collections.abc import Sequence

from generators.silence import AT_EDGE_S, Silence

# A note that is held at least this long past a silence is there again when the silence ends.
HELD_S = 0.25


def sounding(
    start_s: float, stop_s: float, silences: Sequence[Silence], again: bool = True
) -> list[tuple[float, float]]:
    """The stretches of a note that are heard, in order.

    It is let go where a silence begins, and nothing starts in one. A chord that is held beyond comes in
    when the silence ends, so that the music is back at once, and not with the next chord.

    Args:
        start_s, stop_s: as written.
        silences: in order.
        again: whether a player would take it up again: not what is struck and left to ring.
    """
    heard: list[tuple[float, float]] = []
    for silence in silences:
        if silence.end_s - AT_EDGE_S <= start_s:
            continue
        if stop_s <= silence.start_s:
            break
        if not silence.covers(start_s):
            heard.append((start_s, silence.start_s))
        if not again or stop_s < silence.end_s + HELD_S:
            return heard
        start_s = silence.end_s
    return [*heard, (start_s, stop_s)]
