"""Plans made by hand, so that the generator is tested without a picture."""

from __future__ import annotations

import numpy as np

from generators.form import Section
from generators.grid import Accent, Bar, BeatGrid
from generators.hits import Hit
from generators.key import Key
from generators.plan import Curves, Plan


def bars_of(meters: list[int], bpm: float, start_s: float = 0.0, slots_per_beat: int = 4) -> BeatGrid:
    """A steady grid, one bar for each number of beats."""
    beat_s, at = 60.0 / bpm, start_s
    bars = []
    for beats in meters:
        bars.append(Bar(tuple(at + k * beat_s for k in range(beats)), slots_per_beat))
        at += beats * beat_s
    return BeatGrid(tuple(bars), at)


def with_accents(grid: BeatGrid, per_bar: int, seed: int = 1, lean_s: float = 0.02) -> BeatGrid:
    """The grid with seeded accents, each leaning by up to `lean_s`."""
    rng = np.random.default_rng(seed)
    bars = []
    for b, bar in enumerate(grid.bars):
        slots = sorted(int(s) for s in rng.choice(bar.slots, size=min(per_bar, bar.slots), replace=False))
        accents = tuple(
            Accent(
                slot,
                max(grid.slot_time_s(b, slot) + rng.uniform(-lean_s, lean_s), 0.0),
                rng.uniform(0.3, 1),
                "accent",
            )
            for slot in slots
        )
        bars.append(Bar(bar.beats_s, bar.slots_per_beat, accents))
    return BeatGrid(tuple(bars), grid.end_s)


def make(
    grid: BeatGrid,
    form: list[tuple[str, str, int]],
    *,
    mode: str = "film",
    style: str = "cinematic",
    key: Key | None = None,
    seed: int = 7,
    valence: float = 0.2,
    tension: float = 0.3,
    density: list[float] | None = None,
    loudness: list[float] | None = None,
    hits: list[tuple[int, int, float, str]] | None = None,
    tail_s: float = 0.0,
    final_bar: int | None = None,
) -> Plan:
    """A plan over a grid; `form` is (label, role, bars) a section, `hits` (bar, slot, weight, kind)."""
    key = key or Key(0, "major")
    n = len(grid.bars)
    density = density or list(0.5 + 0.3 * np.sin(np.arange(n) / 2.5))
    loudness = loudness or list(0.5 + 0.3 * np.cos(np.arange(n) / 3))
    sections, at, seen = [], 0, {}
    for label, role, length in form:
        energy = float(np.mean(density[at : at + length]) + np.mean(loudness[at : at + length])) / 2
        sections.append(Section(label, role, at, at + length, seen.get(label, 0), key, energy))
        seen[label] = seen.get(label, 0) + 1
        at += length
    planned = []
    for bar, slot, weight, kind in hits or []:
        time_s = grid.played_time_s(bar, slot)
        planned.append(Hit(time_s, kind, weight, True, time_s, bar, slot))
    curve = Curves(
        tuple(float(d) for d in density),
        tuple(float(v) for v in loudness),
        (valence,) * n,
        (0.1,) * n,
        (tension,) * n,
    )
    final = n - 1 if final_bar is None else final_bar
    return Plan(
        grid.end_s + tail_s, mode, style, key, grid, tuple(sections), tuple(planned), curve,
        grid.bars[final].start_s, seed, "by hand",
    )  # fmt: skip


def film(style: str = "cinematic", seed: int = 7, **wishes: object) -> Plan:
    """4/4 at 96 bpm: intro, A, B, A', outro; accents, and hits on the sections and within."""
    grid = with_accents(bars_of([4] * 22, 96), 5)
    hits = [(0, 0, 0.8, "section"), (2, 0, 1.0, "section"), (5, 8, 0.6, "cut"), (10, 0, 1.0, "section"),
            (12, 4, 0.4, "accent"), (13, 11, 0.7, "cut"), (14, 0, 1.0, "section"),
            (20, 0, 0.9, "section")]  # fmt: skip
    form = [("I", "intro", 2), ("A", "theme", 8), ("B", "theme", 4), ("A", "theme", 6), ("O", "outro", 2)]
    return make(grid, form, style=style, seed=seed, hits=hits, tail_s=0.3, **wishes)  # type: ignore[arg-type]


def waltz(style: str = "piano", seed: int = 7) -> Plan:
    """3/4 at 120 bpm."""
    return make(
        with_accents(bars_of([3] * 17, 120), 3),
        [("A", "theme", 8), ("B", "theme", 9)],
        style=style,
        seed=seed,
    )


def odd(style: str = "cinematic", seed: int = 7) -> Plan:
    """4/4 with one bar of 2/4 and one of 5/4."""
    grid = with_accents(bars_of([4, 4, 2, 4, 5, 4, 4, 4], 100), 3)
    return make(grid, [("A", "theme", 4), ("B", "theme", 4)], style=style, seed=seed)


def compound(style: str = "cinematic", seed: int = 7) -> Plan:
    """12/8: four beats of three."""
    grid = with_accents(bars_of([4] * 9, 80, slots_per_beat=3), 3)
    return make(grid, [("A", "theme", 4), ("B", "theme", 5)], style=style, seed=seed)


def tiny(style: str = "cinematic", seed: int = 7) -> Plan:
    """A clip of 0.6 s: less than one bar."""
    grid = BeatGrid((Bar((0.0,)),), 0.6)
    return make(grid, [("A", "theme", 1)], style=style, seed=seed)


def dense_cuts(style: str = "electronic", seed: int = 7) -> Plan:
    """A cut every beat at 120 bpm."""
    grid = with_accents(bars_of([4] * 16, 120), 6)
    hits = [(b, s, 0.7 if s else 0.9, "cut") for b in range(15) for s in (0, 4, 8, 12)]
    return make(grid, [("A", "theme", 8), ("B", "theme", 8)], style=style, seed=seed, hits=hits)


def dance(style: str = "electronic", seed: int = 7) -> Plan:
    """A dance at 120 bpm, a hit on every second beat."""
    grid = with_accents(bars_of([4] * 17, 120), 4)
    hits = [(b, s, 0.5, "beat") for b in range(16) for s in (0, 8)]
    form = [("A", "theme", 8), ("B", "theme", 9)]
    return make(grid, form, mode="dance", style=style, seed=seed, hits=hits)


def three_minutes(style: str = "cinematic", seed: int = 7) -> Plan:
    """72 bars at 96 bpm."""
    grid = with_accents(bars_of([4] * 72, 96), 5)
    form = [("I", "intro", 4), ("A", "theme", 16), ("B", "theme", 12), ("A", "theme", 16), ("C", "theme", 8),
            ("A", "theme", 12), ("O", "outro", 4)]  # fmt: skip
    hits = [(b, 0, 0.9, "section") for b in (4, 20, 32, 48, 56, 68)] + [
        (b, 6, 0.6, "cut") for b in range(8, 60, 7)
    ]
    return make(grid, form, style=style, seed=seed, hits=hits)
