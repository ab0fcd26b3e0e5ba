"""Groove MIDI → the groove library. `python -m datasets.groove groove.zip -o grooves.json`

The corpus (Gillick, Roberts, Engel, Eck and Bamman 2019; CC BY 4.0) is 13.6 hours of ten drummers playing
to a metronome on an electronic kit. Of its training split come, for each family of styles:

* *grooves*: what a drummer kept up. Of each performance, cut into stretches of two bars, those that are
  played again and again almost alike, each as the hits that most of its repetitions have, with their mean
  velocities; and, where there is one, the variation that the drummer made of it.
* *fills*: the performances that are labelled so, as they were played.
* *feel*: for each drum and sixteenth, how far from the grid it is played, middle and spread (robust: a
  stroke of a roll is near a sixteenth that it does not mean); swing is taken out first, since it is the
  style's to choose.

Each hit of a groove has a level, 1 to 8, from which it is played: what the family's sparsest bars have
comes first. The form of the file is described in `generators.rhythm.grooves`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from encoders.whole import write_whole
from generators.rhythm.grooves import DRUMS, LEVELS, VELOCITY_STEP
from generators.rhythm.timeline import metric_weight

# Each family is whole styles (`rock`) or parts of one (`jazz/funk`); the longest name that fits counts.
FAMILIES = {
    "rock": ("rock", "punk"),
    "pop": ("pop", "country"),
    "funk": ("funk", "neworleans", "jazz/funk", "jazz/fusion", "jazz/linear"),
    "soul": ("soul", "gospel", "blues"),
    "hiphop": ("hiphop",),
    "dance": ("dance",),
    "jazz": ("jazz",),
    "latin": ("latin", "afrocuban", "middleeastern"),
    "reggae": ("reggae",),
    "afrobeat": ("afrobeat", "highlife"),
}
# The kit's pads (Roland TD-11) by what they are; rims of toms and edges of cymbals count as these.
DRUM_OF_NOTE = {
    36: "kick",
    38: "snare",
    40: "snare",
    37: "rim",
    42: "hat",
    22: "hat",
    46: "open",
    26: "open",
    44: "pedal",
    51: "ride",
    59: "ride",
    53: "bell",
    48: "high",
    50: "high",
    45: "mid",
    47: "mid",
    43: "low",
    58: "low",
    49: "crash",
    55: "crash",
    57: "crash",
    52: "crash",
}
SLOTS = 4  # a beat
WINDOW_BARS = 2
ALIKE, AKIN = 0.6, 0.35  # likeness from which two stretches are one groove, and from which a variation of it
LEAST_REPEATS = 3
GROOVES_A_PERFORMANCE = 3
GROOVES, FILLS = 24, 16  # a family keeps at most so many
TOO_ALIKE = 0.75  # of two grooves or fills as like as this a family keeps one
CLEAN_MS = 32.0  # fills that stray from sixteenths by more (triplets, rolls) are left out
SPARSEST, LEAST_HITS = 2, 2  # hits a bar: of the lowest level; of a bar that is more than a rest
GROWTH = 1.4  # levels grow by more the fuller they are
FULL_PERCENTILE = 80  # of a family's grooves by their hits: what the highest level plays
FEEL_LIMIT_MS = 45.0  # a stroke farther from its sixteenth means something else
PRIOR = 30.0  # hits: what a drum does anywhere in the beat counts as much as so many on one slot


@dataclass(frozen=True)
class Performance:
    """One file of the corpus on its grid.

    Attributes:
        family, kind, tempo_bpm, beats: as in its list; `kind` is beat or fill, `beats` a bar.
        bars: float64 `[bars, drums, slots]`, velocities 0 to 127.
        stray_ms: float64 rows of (drum, slot of the bar, ms after the grid), one a hit.
        swing: 0 to 1 of eighths and of sixteenths.
        rough_ms: how far hits stray, all in all.
    """

    family: str
    kind: str
    tempo_bpm: float
    beats: int
    bars: NDArray[np.float64]
    stray_ms: NDArray[np.float64]
    swing: tuple[float, float]
    rough_ms: float


def family_of(style: str) -> str | None:
    """The family of a style such as `jazz/funk`, or None."""
    fits = [
        (len(start), family)
        for family, starts in FAMILIES.items()
        for start in starts
        if style == start or style.startswith(start + "/")
    ]
    return max(fits)[1] if fits else None


def find_swing(beats: NDArray[np.float64]) -> tuple[float, float]:
    """(of eighths, of sixteenths): by which onsets lie nearest to the grid; straight unless clearly not.

    Args:
        beats: `[N]` onsets.
    """
    steps = np.arange(0.1, 1.01, 0.1)
    options = [(0.0, 0.0), *((float(s), 0.0) for s in steps), *((0.0, float(s)) for s in steps)]
    rough = [float(np.sqrt((_stray(beats, swing)[1] ** 2).mean())) for swing in options]
    best = int(np.argmin(rough))
    return options[best] if rough[best] < 0.9 * rough[0] else options[0]


def _stray(
    beats: NDArray[np.float64], swing: tuple[float, float]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(nearest slot from the start, beats after it) of onsets on a swung grid, less what all share."""
    eighth, sixteenth = swing
    late = (eighth + sixteenth) / 12
    grid = np.array([0.0, 0.25 + late, 0.5 + eighth / 6, 0.75 + late, 1.0])
    apart = (beats % 1.0)[:, None] - grid
    nearest = np.abs(apart).argmin(axis=1)
    stray = apart[np.arange(len(beats)), nearest]
    return np.floor(beats).astype(np.int64) * SLOTS + nearest, stray - np.median(stray)


def read_performance(row: dict[str, str], midi: bytes) -> Performance | None:
    """One file; None if it is of no family, in another metre than 3/4 and 4/4, or hardly anything."""
    family, metre = family_of(row["style"]), row["time_signature"]
    if family is None or metre not in ("3-4", "4-4"):
        return None
    score = symusic.Score.from_midi(midi)
    notes = [n for track in score.tracks for n in track.notes if n.pitch in DRUM_OF_NOTE]
    if len(notes) < 4:
        return None
    beats = np.array([n.time / score.tpq for n in notes], dtype=np.float64)
    drums = np.array([DRUMS.index(DRUM_OF_NOTE[n.pitch]) for n in notes])
    velocities = np.array([n.velocity for n in notes], dtype=np.float64)
    swing = find_swing(beats) if row["beat_type"] == "beat" else (0.0, 0.0)
    slots, stray = _stray(beats, swing)
    beat_ms = 60_000 / float(row["bpm"])
    per_bar = int(metre[0]) * SLOTS
    bars = np.zeros((int(slots.max()) // per_bar + 1, len(DRUMS), per_bar))
    np.maximum.at(bars, (slots // per_bar, drums, slots % per_bar), velocities)
    return Performance(
        family=family,
        kind=row["beat_type"],
        tempo_bpm=float(row["bpm"]),
        beats=int(metre[0]),
        bars=bars,
        stray_ms=np.column_stack([drums, slots % per_bar, stray * beat_ms]),
        swing=swing,
        rough_ms=float(np.sqrt((stray**2).mean()) * beat_ms),
    )


def read_zip(path: Path, splits: tuple[str, ...] = ("train",)) -> list[Performance]:
    """The performances of some of the corpus's own splits (train, validation, test)."""
    found = []
    with zipfile.ZipFile(path) as archive:
        info = next(name for name in archive.namelist() if name.endswith("info.csv"))
        folder = info.removesuffix("info.csv")
        for row in csv.DictReader(io.StringIO(archive.read(info).decode())):
            if row["split"] in splits:
                performance = read_performance(row, archive.read(folder + row["midi_filename"]))
                if performance is not None:
                    found.append(performance)
    return found


def likeness(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """What two stretches share of what either plays, softer hits counting less: 0 to 1."""
    a, b = np.sqrt(a), np.sqrt(b)
    return float(np.minimum(a, b).sum() / max(float(np.maximum(a, b).sum()), 1e-9))


def _likenesses(stretches: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """float64 `[N, N]`: `likeness` of every pair."""
    if not stretches:
        return np.zeros((0, 0))
    rows = np.sqrt(np.array([s.ravel() for s in stretches]))
    apart = cdist(rows, rows, "cityblock")
    both = rows.sum(axis=1)[:, None] + rows.sum(axis=1)
    return np.asarray((both - apart) / np.maximum(both + apart, 1e-9))


@dataclass(frozen=True)
class Kept:
    """A groove that a drummer kept up: float64 `[2, drums, slots]`, or 3 with its variation.

    `worth` is how often it was repeated; fills were played once.
    """

    bars: NDArray[np.float64]
    worth: float
    tempo_bpm: float


def find_grooves(performance: Performance) -> list[Kept]:
    """What a drummer kept up in one performance, most repeated first."""
    crash = DRUMS.index("crash")
    bars = performance.bars.copy()
    bars[:, crash] = 0.0  # the generator decides where sections begin
    windows = [bars[b : b + WINDOW_BARS] for b in range(0, len(bars) - WINDOW_BARS + 1, WINDOW_BARS)]
    alike = _likenesses(windows)
    free = np.ones(len(windows), dtype=bool)
    kept: list[Kept] = []
    while len(kept) < GROOVES_A_PERFORMANCE and free.any():
        support = (alike > ALIKE) & free[None, :] & free[:, None]
        centre = int(support.sum(axis=1).argmax())
        members = np.flatnonzero(support[centre])
        if len(members) < LEAST_REPEATS:
            break
        played = np.array([windows[m] for m in members])
        groove = _most_of(played)
        variations = [
            (alike[centre, w], windows[w][-1])
            for w in range(len(windows))
            if AKIN < alike[centre, w] <= ALIKE and AKIN < likeness(groove[-1], windows[w][-1]) < 0.9
        ]
        if variations:
            groove = np.concatenate([groove, max(variations, key=lambda v: v[0])[1][None]])
        if (groove[0, DRUMS.index("kick")] > 0).any():
            kept.append(Kept(groove, len(members), performance.tempo_bpm))
        free[members] = False
    return kept


def _most_of(played: NDArray[np.float64]) -> NDArray[np.float64]:
    """The hits that at least half of the repetitions `[repetition, ...]` have, at their mean velocity."""
    present = played > 0
    often = present.mean(axis=0) >= 0.5
    mean = played.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    return np.where(often, mean, 0.0)


def choose(grooves: list[Kept], most: int) -> list[Kept]:
    """As many different grooves, worthiest first, spread over how full they are."""
    different: list[Kept] = []
    for groove in sorted(grooves, key=lambda g: -g.worth):
        if all(likeness(groove.bars[:2], other.bars[:2]) < TOO_ALIKE for other in different):
            different.append(groove)
    hits = np.array([(g.bars[:2] > 0).sum() for g in different])
    bins = np.argsort(np.argsort(hits, kind="stable"), kind="stable") * LEVELS // max(len(hits), 1)
    rounds: dict[int, int] = defaultdict(int)
    order = []
    for groove, level in zip(different, bins, strict=True):
        order.append((rounds[int(level)], len(order), groove))
        rounds[int(level)] += 1
    return [groove for _, _, groove in sorted(order, key=lambda row: row[:2])[:most]]


def level_sizes(grooves: list[Kept]) -> list[int]:
    """How many hits a bar each level plays: from a heartbeat to what a family's fuller grooves have."""
    fullest = float(np.percentile([(g.bars[:2] > 0).sum() / 2 for g in grooves], FULL_PERCENTILE))
    return [round(SPARSEST + (fullest - SPARSEST) * (k / (LEVELS - 1)) ** GROWTH) for k in range(LEVELS)]


def rank_hits(
    bar: NDArray[np.float64], sparse: NDArray[np.float64], usual: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """A bar's hits, most needed first: what sparse bars have, then what is usual, struck hard or on the beat.

    Args:
        bar: `[drums, slots]` velocities.
        sparse, usual: `[drums, slots]`, how often the family's sparsest bars and all of them have a hit.
    """
    slots = bar.shape[1]
    skeleton = {DRUMS.index("kick"), DRUMS.index("snare"), DRUMS.index("rim")}

    def need(hit: tuple[int, int]) -> float:
        drum, slot = hit
        weight = metric_weight(slot, slots // SLOTS, SLOTS)
        strong = bar[drum, slot] / 127
        return float(
            2.0 * sparse[hit] + 0.7 * usual[hit] + strong + weight * (1.0 if drum in skeleton else 0.4)
        )

    found = [(int(d), int(s)) for d, s in zip(*np.nonzero(bar), strict=True)]
    return sorted(found, key=lambda hit: (-need(hit), hit))


def feel(performances: Iterable[Performance], beats: int = 4) -> dict[str, dict[str, list[float]]]:
    """Drum → middle and spread of its strays in ms, one number a slot of the bar.

    Medians, and what the median deviation would be the standard deviation of.
    """
    rows = np.concatenate([p.stray_ms for p in performances if p.beats == beats])
    rows = rows[np.abs(rows[:, 2]) < FEEL_LIMIT_MS]
    table = {}
    for number, drum in enumerate(DRUMS):
        mine = rows[rows[:, 0] == number]
        if len(mine) < PRIOR:
            continue
        middles, spreads = [], []
        for slot in range(beats * SLOTS):
            here = mine[mine[:, 1] == slot, 2]
            near = mine[mine[:, 1] % SLOTS == slot % SLOTS, 2]
            near = near if len(near) else mine[:, 2]
            share = len(here) / (len(here) + PRIOR)
            middle = share * np.median(here if len(here) else 0.0) + (1 - share) * np.median(near)
            spread = share * _spread(here) + (1 - share) * _spread(near)
            middles.append(round(float(middle), 1))
            spreads.append(round(float(spread), 1))
        table[drum] = {"middle": middles, "spread": spreads}
    return table


def _spread(values: NDArray[np.float64]) -> float:
    """A standard deviation that does not mind outliers."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def digits(row: NDArray[np.float64]) -> str:
    """Velocities as one character a slot: `.` none, else 1 to 9."""
    return "".join("." if v <= 0 else str(int(np.clip(round(v / VELOCITY_STEP), 1, 9))) for v in row)


def write_bar(
    bar: NDArray[np.float64], ranked: list[tuple[int, int]] | None, sizes: list[int]
) -> dict[str, Any]:
    """Drum → velocities, or, where hits have levels, [velocities, levels]."""
    level = np.zeros(bar.shape, dtype=np.int64)
    for position, hit in enumerate(ranked or ()):
        level[hit] = next((k for k, size in enumerate(sizes, 1) if position < size), LEVELS)
    written: dict[str, Any] = {}
    for number, drum in enumerate(DRUMS):
        if (bar[number] > 0).any():
            shown = digits(bar[number])
            levels = "".join(str(k) if k else "." for k in level[number])
            written[drum] = shown if ranked is None else [shown, levels]
    return written


def family_table(performances: list[Performance]) -> dict[str, Any]:
    """What the library holds of one family."""
    beats = [p for p in performances if p.kind == "beat"]
    four = [p for p in beats if p.beats == 4]
    bars = np.concatenate([p.bars for p in four])
    bars = bars[(bars > 0).sum(axis=(1, 2)) >= LEAST_HITS]
    hits = (bars > 0).sum(axis=(1, 2))
    sparse = (bars[hits <= np.percentile(hits, 20)] > 0).mean(axis=0)
    usual = (bars > 0).mean(axis=0)
    kept = {metre: _family_grooves(beats, metre, usual) for metre in (4, 3)}
    sizes = level_sizes(kept[4])
    written = []
    for metre, grooves in kept.items():
        for groove in grooves:
            slots = metre * SLOTS
            rows = [
                write_bar(bar, rank_hits(bar, sparse[:, :slots], usual[:, :slots]), sizes)
                for bar in groove.bars
            ]
            written.append({"beats": metre, "tempo_bpm": round(groove.tempo_bpm), "bars": rows})
    tempi = [p.tempo_bpm for p in four]
    return {
        "tempo_bpm": [round(float(t)) for t in np.percentile(tempi, [10, 50, 90])],
        "swing": [round(float(np.mean([p.swing[k] for p in four])), 2) for k in (0, 1)],
        "sizes": sizes,
        "feel_ms": feel(beats),
        "grooves": written,
        "fills": choose_fills(performances),
    }


def _family_grooves(beats: list[Performance], metre: int, usual: NDArray[np.float64]) -> list[Kept]:
    """A family's grooves in a metre: what one drummer repeated and all find usual."""
    found = [groove for p in beats if p.beats == metre for groove in find_grooves(p)]
    found = [replace(g, worth=g.worth**0.5 * _usual(g.bars[:2], usual)) for g in found]
    kick = DRUMS.index("kick")
    if usual[kick, 0] >= 0.5:
        # Where the family begins bars with the kick, a groove that never does was played off the grid.
        found = [g for g in found if (g.bars[:2, kick, 0] > 0).any()]
    return choose(found, GROOVES if metre == 4 else GROOVES // 4)


def _usual(bars: NDArray[np.float64], usual: NDArray[np.float64]) -> float:
    """How usual the hits of a groove are in its family, the harder ones counting more: 0 to 1."""
    common = usual[:, : bars.shape[2]]
    return float((bars * common).sum() / max(bars.sum(), 1e-9))


def choose_fills(performances: list[Performance]) -> list[dict[str, str]]:
    """Different one-bar fills on sixteenths, spread over how full they are."""
    found = []
    for p in performances:
        if p.kind == "fill" and p.beats == 4 and p.rough_ms < CLEAN_MS:
            bar = p.bars[-1] if len(p.bars) <= 2 and (p.bars[-1] > 0).sum() > 4 else p.bars[0]
            ends = bar[:, 2 * SLOTS :]
            if (ends > 0).sum() >= 4:
                found.append(Kept(np.stack([bar, bar]), 1, p.tempo_bpm))
    return [write_bar(fill.bars[0], None, []) for fill in choose(found, FILLS)]


def build(performances: list[Performance]) -> dict[str, Any]:
    """The library."""
    families = {}
    for family in FAMILIES:
        families[family] = family_table([p for p in performances if p.family == family])
    return {"drums": list(DRUMS), "families": families}


def main() -> None:
    """Build the library."""
    parser = argparse.ArgumentParser(prog="python -m datasets.groove", description=__doc__.splitlines()[0])
    parser.add_argument("zip", type=Path, help="the download (MIDI only)")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the library")
    asked = parser.parse_args()
    library = build(read_zip(asked.zip))
    data = (json.dumps(library, separators=(",", ":")) + "\n").encode()
    write_whole(asked.out, data)
    for family, table in library["families"].items():
        counts = f"{len(table['grooves'])} grooves, {len(table['fills'])} fills"
        print(f"{family}: {counts}, hits a bar by level {table['sizes']}")
    print(f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
