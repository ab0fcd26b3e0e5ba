"""Plans, chords, players and notes → digests, one a bar: what a stage compares to know which bars to redo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from generators.kept import KeptTracks
from generators.plan import Plan
from generators.region import ON_BEAT_S
from generators.rhythm.scheme import by_bar
from generators.rhythm.splice import bars_of
from generators.written import WrittenChord
from v2m.session.ledger import Inputs, digest


def of_plan(plan: Plan) -> Inputs:
    """What concerns the whole of the music, and what each bar is: beats, hits, curves, section, chords."""
    grid = plan.grid
    whole = digest(
        plan.duration_s, plan.mode, plan.style, plan.seed, plan.clip_hash, plan.final_s, len(grid.bars)
    )
    sections = {bar: s for s in plan.sections for bar in range(s.start_bar, s.end_bar)}
    chords = by_bar(plan.chords)
    made = []
    for number, bar in enumerate(grid.bars):
        start_s, end_s = bar.start_s, grid.bar_end_s(number)
        # One that is played just ahead of the bar line counts as this bar's (`splice.bars_of`).
        ahead_s = start_s - ON_BEAT_S
        hits = [
            h for h in plan.planned_hits if h.bar == number or (h.bar == number - 1 and h.played_s >= ahead_s)
        ]
        words = [s for s in plan.speech if s.start_s < end_s and s.end_s > start_s]
        hushed = [s for s in plan.silences if s.start_s < end_s and s.end_s > start_s]
        made.append(
            digest(
                bar,
                grid.bar_end_s(number),
                [(h.kind, h.weight, h.played_s, h.bar, h.slot) for h in hits],
                [curve[number] for curve in vars(plan.curves).values()],
                sections[number],
                chords.get(number),
                words,
                hushed,
            )
        )
    return Inputs(whole, tuple(made))


def of_chords(chords: Collection[WrittenChord], bars: int) -> tuple[str, ...]:
    """One digest a bar."""
    rows = by_bar(tuple(chords))
    return tuple(digest(rows.get(bar)) for bar in range(bars))


def of_players(playing: Mapping[str, frozenset[int]], bars: int) -> tuple[str, ...]:
    """One digest a bar, of who plays in it."""
    return tuple(digest(sorted(name for name in playing if bar in playing[name])) for bar in range(bars))


def of_notes(tracks: KeptTracks | None, plan: Plan) -> tuple[str, ...]:
    """One digest a bar, of the notes that begin in it."""
    rows: dict[int, list[object]] = defaultdict(list)
    for track in tracks.tracks if tracks is not None else ():
        columns = (track.start_s, track.duration_s, track.pitch, track.velocity)
        for bar, *note in zip(
            bars_of(track, plan.grid).tolist(), *(c.tolist() for c in columns), strict=True
        ):
            rows[bar].append((track.name, track.program, *note))
    return tuple(digest(rows.get(bar)) for bar in range(len(plan.grid.bars)))


def together(whole: str, *rows: tuple[str, ...]) -> Inputs:
    """Digests bar by bar made into one."""
    return Inputs(whole, tuple(digest(*row) for row in zip(*rows, strict=True)))
