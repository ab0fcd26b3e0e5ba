"""Do our drums play as people do? `python -m benchmarks.drums groove.zip`

For each family of styles, performances of the corpus's validation and test splits, which the groove library
was not made from, beside what is written for plans made by chance:

* *alike*: likeness of neighbouring bars, hits weighed by how hard they are (1 is the same bar again);
* *again*: share of bars that are nearly the one before or the one two bars before (0.8 or more);
* *ghosts*: share of snare strokes below 45 % of its full ones;
* *hat*: standard deviation of the hat's and ride's strokes, as a share of their full ones;
* *stray*: standard deviation of timing about the grid, ms, swing taken out;
* *levels*: hits a bar at each of the eight levels of density.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.plans import plan_by_chance
from datasets.groove import Performance, likeness, read_zip
from generators.rhythm.band import Band, read_band
from generators.rhythm.drums import write_drums
from generators.rhythm.grooves import DRUM_KEYS, DRUMS, LEVELS, load_families
from generators.rhythm.pulse import find_pulse
from generators.rhythm.timeline import Timeline
from generators.style import load_style

STYLE = "lofi"  # whose band plays; the family is changed
AGAIN = 0.8
GHOST = 0.45
FEWEST = 3  # performances that are enough to compare with


@dataclass(frozen=True)
class Manner:
    """What a body of drumming is like; see the module's docstring. Nan where there is nothing of it."""

    alike: float
    again: float
    ghosts: float
    hat: float
    stray_ms: float
    hits: float
    pieces: int


def describe(pieces: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Manner:
    """Describe pieces, each (velocities `[bars, drums, slots]`, strays in ms `[N]`)."""
    alike, again, snares, hats, strays, hits = [], [], [], [], [], []
    count = 0
    for bars, stray_ms in pieces:
        count += 1
        near = [likeness(a, b) for a, b in pairwise(bars)]
        two = [likeness(a, b) for a, b in zip(bars, bars[2:], strict=False)]
        alike += near
        again += [max(pair) >= AGAIN for pair in zip(near[1:], two, strict=True)]
        full = bars.max(axis=(0, 2))
        snares += list(_of_full(bars, full, ("snare",)))
        hats += list(_of_full(bars, full, ("hat", "ride")))
        strays += list(stray_ms)
        hits += list((bars > 0).sum(axis=(1, 2)))
    return Manner(
        _mean(alike),
        _mean(again),
        _mean(np.array(snares) < GHOST),
        float(np.std(hats)) if hats else float("nan"),
        float(np.std(strays)) if strays else float("nan"),
        _mean(hits),
        count,
    )


def _of_full(
    bars: NDArray[np.float64], full: NDArray[np.float64], drums: tuple[str, ...]
) -> NDArray[np.float64]:
    shares = [bars[:, k][bars[:, k] > 0] / full[k] for k in map(DRUMS.index, drums) if full[k] > 0]
    return np.concatenate(shares) if shares else np.zeros(0)


def _mean(values: Iterable[float]) -> float:
    gathered = np.array(list(values), dtype=np.float64)
    return float(gathered.mean()) if len(gathered) else float("nan")


def of_people(performance: Performance) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A performance as `describe` takes it."""
    return performance.bars, performance.stray_ms[:, 2]


def ours(band: Band, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is written for a plan made by chance, as `describe` takes it."""
    timeline = Timeline(plan_by_chance(STYLE, "minor", seed), band.swing, band.swing_unit)
    sections = len(timeline.plan.sections)
    notes = write_drums(timeline, band, find_pulse(timeline, band), (True,) * sections).notes
    drum_of = {key: number for number, key in enumerate(DRUM_KEYS.values())}
    bars = np.zeros((timeline.bars, len(DRUMS), timeline.plan.grid.bars[0].slots))
    for note in notes:
        bar, slot = timeline.within_bar(note.slot)
        bars[bar, drum_of[note.pitch], int(slot)] = note.stress * note.touch
    return bars[: timeline.bar_of(timeline.final_slot)], np.array([1000 * (n.lean_s or 0.0) for n in notes])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drums", description=__doc__.splitlines()[0])
    parser.add_argument("zip", type=Path, help="the Groove MIDI download")
    parser.add_argument("--seeds", type=int, default=12, help="plans a family (default 12)")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    human = [p for p in read_zip(asked.zip, ("validation", "test")) if p.kind == "beat" and p.beats == 4]
    band = read_band(load_style(STYLE))
    rows: dict[str, tuple[Manner, Manner]] = {}
    for family in load_families():
        people = [of_people(p) for p in human if p.family == family and len(p.bars) >= 4]
        player = replace(band, drum_family=family, drum_levels=(), humanise_s=0.008)
        rows[family] = describe(people), describe(ours(player, seed) for seed in range(asked.seeds))
    if asked.json:
        print(
            json.dumps({f: {"people": asdict(a), "ours": asdict(b)} for f, (a, b) in rows.items()}, indent=2)
        )
        return
    table = Table(title="Our drums beside drummers whom the library does not know")
    for heading in ("family", "whose", "alike", "again", "ghosts", "hat", "stray ms", "hits a bar", "pieces"):
        table.add_column(heading, justify="left" if heading in ("family", "whose") else "right")
    for family, pair in rows.items():
        for who, m in zip(("people", "ours"), pair, strict=True):
            if m.pieces < FEWEST:
                continue
            shares = [f"{value:.2f}" for value in (m.alike, m.again, m.ghosts, m.hat)]
            table.add_row(family, who, *shares, f"{m.stray_ms:.1f}", f"{m.hits:.1f}", str(m.pieces))
    console = Console(width=120)
    console.print(table)
    for family, known in load_families().items():
        console.print(f"{family}: hits a bar at levels 1 to {LEVELS}: {', '.join(map(str, known.sizes))}")


if __name__ == "__main__":
    main()
