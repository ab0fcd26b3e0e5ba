"""Do the beats of the plan meet the cuts, on any editing? `python -m benchmarks.metre [--clips N] [--json]`

Clips without pictures: cuts, movement, looks and affect are drawn by chance, planned in several styles and
composed, and the plan's beats are measured against the cuts that are at least a second from both
neighbours. Shot lengths are log-normal, as those of films are (Salt 1992, "Film Style and Technology").
Beside the score stand what chance gives (the same beats, turned in time), and what was paid for it: bars
cut short or of 3/8, beats held, how far apart the tempi of sections lie; and the CPU seconds it took.
Constants were chosen on other seeds than the table's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from encoders.stream import Stream, Streams
from generators.plan import make_plan
from generators.rhythm import compose
from generators.wishes import Wishes
from v2m.alignment import sync

STYLES = ("cinematic", "piano", "pop", "electronic", "ambient", "tense")
TABLE_SEED = 1000  # the first of the table's seeds
MEDIAN_SHOT_S = (1.8, 4.5)
SHOT_SPREAD = 0.55  # of the logarithm of a shot's length
PLACES = 5  # that a film goes back and forth between
HELD = 1.1  # a beat this much longer than the one before it is a breath


@dataclass(frozen=True)
class Metre:
    """What one plan met, and paid.

    Attributes:
        style, seconds: of the clip.
        cuts: how many are at least a second from both neighbours.
        beats, chance: share of them with a beat within 80 ms, and of the same beats turned in time.
        planned: share of them that the plan takes up as hits.
        bpm: median tempo.
        widest: the fastest section's tempo over the slowest's.
        odd_bars: share of bars that are not as long as most, and
        odd_a_minute: how many a minute, of which
        dotted_a_minute: are a beat and a half.
        breaths: beats held.
        plan_s, compose_s: CPU seconds.
    """

    style: str
    seconds: float
    cuts: int
    beats: float
    chance: float
    planned: float
    bpm: float
    widest: float
    odd_bars: float
    odd_a_minute: float
    dotted_a_minute: float
    breaths: int
    plan_s: float
    compose_s: float


def drawn_streams(seed: int, duration_s: float) -> Streams:
    """Streams of a film that nobody shot: between five places and back, something moving once a second."""
    rng = np.random.default_rng([seed, int(duration_s)])
    shots = rng.lognormal(np.log(rng.uniform(*MEDIAN_SHOT_S)), SHOT_SPREAD, int(duration_s) + 8)
    cuts_s = np.cumsum(shots)
    cuts_s = cuts_s[cuts_s < duration_s - 0.5]
    ones, zeros = np.ones(len(cuts_s)), np.zeros(len(cuts_s))
    onsets_s = np.sort(rng.uniform(0, duration_s, int(duration_s)))
    feeling = {name: rng.uniform(-0.4, 0.4, 6) for name in ("valence", "arousal")}
    looks = rng.uniform(0.2, 0.8, (PLACES, 27))[rng.integers(0, PLACES, len(cuts_s) + 1)]
    grid = tuple(f"{channel}{cell}" for channel in "lab" for cell in range(9))
    colour_s = np.arange(0, duration_s, 0.2)
    seen = looks[np.searchsorted(cuts_s, colour_s)].T
    streams = (
        _stream("cuts", cuts_s, strength=ones, fade=zeros, length_s=zeros),
        _stream(
            "visual_onsets",
            onsets_s,
            strength=rng.uniform(0.1, 1, len(onsets_s)),
            accent=rng.integers(0, 2, len(onsets_s)),
        ),
        _curve("motion", duration_s, 1 / 30, energy=rng.uniform(0, 0.4, 10)),
        _curve("affect", duration_s, 0.5, **feeling, tension=np.array([0.3])),
        _stream("colour", colour_s, **dict(zip(grid, seen, strict=True))),
    )
    return Streams({stream.name: stream for stream in streams}, duration_s, f"drawn {seed}")


def _stream(name: str, times_s: np.ndarray, **columns: np.ndarray) -> Stream:
    values = np.stack(list(columns.values()), axis=1).astype(np.float32)
    return Stream(name, times_s, values, np.ones(len(times_s), bool), tuple(columns), "1", "by chance")


def _curve(name: str, duration_s: float, hop_s: float, **columns: np.ndarray) -> Stream:
    times = np.arange(0, duration_s, hop_s)
    spread = {c: np.interp(times, np.linspace(0, duration_s, len(v)), v) for c, v in columns.items()}
    return _stream(name, times, **spread)


def measure(streams: Streams, style: str, seed: int) -> Metre:
    """Plan and compose one clip, and measure the plan."""
    begun = time.process_time()
    plan = make_plan(streams, Wishes(style=style, seed=seed))
    planned = time.process_time()
    compose(plan)
    composed = time.process_time()
    grid, apart = plan.grid, sync.well_apart(streams["cuts"].times_s)
    met = next(
        m
        for m in sync.evaluate(grid.beats_s, streams.duration_s, cuts_s=streams["cuts"].times_s)
        if m.name == "cut_hits_apart"
    )
    hits = np.array([hit.time_s for hit in plan.planned_hits])
    tempi = [
        float(np.median([grid.tempo_bpm(bar) for bar in range(s.start_bar, s.end_bar)]))
        for s in plan.sections
    ]
    # What the clip begins with and ends on is no choice of the metre.
    bars = grid.bars[1:-1]
    sizes = [1.5 if bar.dotted else float(bar.beats) for bar in bars]
    odd = sum(size != statistics.mode(sizes) for size in sizes)
    minutes = streams.duration_s / 60
    counted = [1.5 if bar.dotted else 1.0 for bar in grid.bars for _ in bar.beats_s]
    intervals = np.diff(grid.beats_s) / counted[:-1]
    return Metre(
        style=style,
        seconds=streams.duration_s,
        cuts=len(apart),
        beats=met.score,
        chance=float("nan") if met.chance is None else met.chance.mean,
        planned=float(np.mean(sync.distance_to_nearest(apart, hits) < 1e-3)),
        bpm=60 / float(np.median(intervals)),
        widest=max(tempi) / min(tempi),
        odd_bars=odd / len(bars),
        odd_a_minute=odd / minutes,
        dotted_a_minute=sum(bar.dotted for bar in bars) / minutes,
        breaths=int((intervals[1:] / intervals[:-1] > HELD).sum()),
        plan_s=planned - begun,
        compose_s=composed - planned,
    )


def summary(rows: list[Metre]) -> dict[str, float]:
    """Means over clips, weighed by their cuts where it is these that are met."""
    cuts = np.array([row.cuts for row in rows])
    weighed = {
        name: float(np.average([getattr(row, name) for row in rows], weights=cuts))
        for name in ("beats", "chance", "planned")
    }
    means = ("widest", "odd_bars", "odd_a_minute", "dotted_a_minute")
    plain = {name: float(np.mean([getattr(row, name) for row in rows])) for name in means}
    return weighed | {"lift": weighed["beats"] / weighed["chance"]} | plain


def show(rows: list[Metre], console: Console) -> None:
    """The table, and the means under it."""
    table = Table(title="Where the beats fall", caption="cuts at least 1 s apart, a beat within 80 ms")
    for heading in (
        "style",
        "s",
        "cuts",
        "beats",
        "chance",
        "planned",
        "bpm",
        "widest",
        "odd bars",
        "a minute",
        "breaths",
    ):
        table.add_column(heading, justify="left" if heading == "style" else "right")
    table.add_column("plan / compose, CPU s", justify="right")
    for r in rows:
        shares = (f"{value:.2f}" for value in (r.beats, r.chance, r.planned))
        paid = (
            f"{r.bpm:.0f}",
            f"{r.widest:.2f}",
            f"{r.odd_bars:.2f}",
            f"{r.odd_a_minute:.1f}",
            str(r.breaths),
        )
        took = f"{r.plan_s:.1f} / {r.compose_s:.1f}"
        table.add_row(r.style, f"{r.seconds:.0f}", str(r.cuts), *shares, *paid, took)
    console.print(table)
    for name, value in summary(rows).items():
        console.print(f"{name:15} {value:6.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metre", description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=18, help="how many clips are drawn (default 18)")
    parser.add_argument("--seconds", type=float, default=90.0, help="how long each is (default 90)")
    parser.add_argument("--seed", type=int, default=TABLE_SEED, help=f"the first seed (default {TABLE_SEED})")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    measure(drawn_streams(asked.seed, 20.0), STYLES[0], asked.seed)  # what is compiled once is not timed
    rows = [
        measure(drawn_streams(seed, asked.seconds), STYLES[seed % len(STYLES)], seed)
        for seed in range(asked.seed, asked.seed + asked.clips)
    ]
    if asked.json:
        print(json.dumps({"clips": [asdict(row) for row in rows], "summary": summary(rows)}, indent=2))
    else:
        show(rows, Console(width=130))


if __name__ == "__main__":
    main()
