"""Hits → accents: the strokes that meet the picture, exactly when it asks."""

from __future__ import annotations

from generators.hits import Hit
from generators.rhythm.band import AccentPart
from generators.rhythm.chords import Chord
from generators.rhythm.harmony import Harmony
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import candidates

RING_BEATS = 6  # at most, and never into the next hit
SAME_INSTANT_S = 0.03


def write_accents(
    timeline: Timeline, harmony: Harmony, parts: tuple[AccentPart, ...]
) -> dict[str, list[Note]]:
    """Voice name → its strokes. Every hit that is not held back gets at least one, at `hit.played_s` exactly.

    The heavier the hit the more players strike. A hit that is
    nobody's (its weight is outside their ranges, or they rest) is struck by the player whom it fits
    best. Of two hits at one instant the heavier is played. A stroke rings until the next hit or the next
    chord.
    """
    written: dict[str, list[Note]] = {part.voice.name: [] for part in parts}
    hits = _distinct(timeline.plan.struck_hits)
    rested: dict[AccentPart, float] = {}
    for i, hit in enumerate(hits):
        players = [p for p in parts if _plays(p, hit) and hit.played_s - rested.get(p, -60.0) >= p.gap_s]
        if not players and parts:
            players = [min(parts, key=lambda p: _unfit(p, hit))]
        rested |= dict.fromkeys(players, hit.played_s)
        slot = float(timeline.first_slot[hit.bar]) + hit.slot
        final = hit.played_s >= timeline.plan.final_s
        span = harmony.at(slot)
        chord = harmony.final if final else span.chord
        ring = float(RING_BEATS * timeline.plan.grid.bars[hit.bar].slots_per_beat)
        if i + 1 < len(hits):
            ring = min(ring, float(timeline.first_slot[hits[i + 1].bar]) + hits[i + 1].slot - slot)
        ring = max(ring if final else min(ring, span.end - slot), 1.0)
        for part in players:
            for pitch in strike(part, chord):
                stress = 0.35 + 0.65 * hit.weight
                written[part.voice.name].append(Note(slot, ring, pitch, stress, exact_s=hit.played_s))
    return written


def _plays(part: AccentPart, hit: Hit) -> bool:
    return part.weight[0] <= hit.weight <= part.weight[1] and (not part.kinds or hit.kind in part.kinds)


def _unfit(part: AccentPart, hit: Hit) -> tuple[bool, bool, float]:
    """How badly a hit suits a player: of the wrong kind, one who needs rest, too light or too heavy."""
    off = max(part.weight[0] - hit.weight, hit.weight - part.weight[1], 0.0)
    return bool(part.kinds) and hit.kind not in part.kinds, part.gap_s > 0, off


def _distinct(hits: tuple[Hit, ...]) -> list[Hit]:
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.played_s, -h.weight)):
        if kept and hit.played_s - kept[-1].played_s < SAME_INSTANT_S:
            if hit.weight > kept[-1].weight:
                kept[-1] = hit
            continue
        kept.append(hit)
    return kept


def strike(part: AccentPart, chord: Chord) -> tuple[int, ...]:
    """The keys a player strikes on a chord."""
    if part.plays == "drums":
        return part.keys
    if part.plays == "chord":
        return tuple(int(p) for p in candidates(chord, part.low, part.high, 3)[0])
    low = next((p for p in range(part.low, part.high + 1) if p % 12 == chord.bass), part.low)
    return (low, low + 12) if part.plays == "octave" else (low,)
