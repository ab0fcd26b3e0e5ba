"""Form: which stretch of the clip is which section, and which sections share a theme."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.grid import BeatGrid
from generators.key import Key

# A section's natural length: a quarter of the clip, between a phrase and a verse.
IDEAL_SHARE, IDEAL_SECTION_S = 0.25, (6.0, 16.0)
SHORTEST_SECTION_S = 4.0
LONGEST_SECTION_S = 30.0
# RMS distance between looks (Lab ÷ 100, nine cells) below which two sections are "the same place":
# shots of one place measure 0.00 to 0.12 apart, of different places 0.13 to 0.42.
SAME_LOOK = 0.12
MAX_LABELS = 5
# What a change of meaning (cosine distance of CLIP embeddings, where there are any) adds to that distance.
MEANING_SHARE = 0.3
# A contrasting section's mean valence, or its energy, against the clip's, for another key to be worth it;
# and for how many bars in all, since a key that lasts no longer is not heard as one.
TURNS_MOOD, TURNS_ENERGY, LEAST_KEY_BARS = 0.15, 0.08, 8
# A rise of energy into the next section before which music with a beat drops out.
DROP_RISE = 0.3


@dataclass(frozen=True)
class Section:
    """A run of bars that carries one musical thought.

    Attributes:
        label: A, B, C …; sections with one label share a theme. A return is varied (A').
        role: intro, theme, outro.
        start_bar, end_bar: half-open range of bars.
        variation: 0 the first time the label is heard, then 1, 2 …
        key: the section's key.
        energy: 0 to 1, mean density-and-loudness level, what the arrangement is chosen by.
        players: the names of the voices that play in it, or None: then its energy decides.
    """

    label: str
    role: str
    start_bar: int
    end_bar: int
    variation: int
    key: Key
    energy: float
    players: tuple[str, ...] | None = None

    @property
    def title(self) -> str:
        """A, A', A'', A''', then A 5, A 6 …"""
        return self.label + ("'" * self.variation if self.variation <= 3 else f" {self.variation + 1}")


def find_boundaries(streams: Streams) -> NDArray[np.float64]:
    """The instants, `[K]` s, at which the picture turns enough for the music to turn with it.

    Candidates are cuts and fades; where there is none for long, even divisions stand in, so that
    a still clip gets a form as well. Dynamic programming chooses the chain that trades novelty
    (how different the look, motion and affect are on either side; Foote 2000) against sections
    of a natural length.
    """
    duration = streams.duration_s
    if duration < 2 * SHORTEST_SECTION_S:
        return np.zeros(0)
    ideal = float(np.clip(IDEAL_SHARE * duration, *IDEAL_SECTION_S))
    cuts = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
    edits = cuts[(cuts > SHORTEST_SECTION_S / 2) & (cuts < duration - SHORTEST_SECTION_S / 2)]
    knots = np.concatenate([[0.0], edits, [duration]])
    stand_ins: list[float] = []
    for a, b in pairwise(knots):
        if b - a > 1.5 * ideal:
            parts = max(2, round((b - a) / ideal))
            stand_ins += [a + (b - a) * k / parts for k in range(1, parts)]
    times = np.sort(np.concatenate([edits, stand_ins]))
    worth = np.array([_novelty(streams, t) for t in times])
    if len(worth):
        worth = worth / max(worth.max(), 1e-6)
        worth[np.isin(times, stand_ins)] = 0.0

    nodes = np.concatenate([[0.0], times, [duration]])
    gain = np.concatenate([[0.0], worth, [0.0]])
    best = np.full(len(nodes), -np.inf)
    came = np.zeros(len(nodes), dtype=np.int64)
    best[0] = 0.0
    for j in range(1, len(nodes)):
        i0 = int(np.searchsorted(nodes, nodes[j] - LONGEST_SECTION_S))
        i0 = min(i0, j - 1)
        length = nodes[j] - nodes[i0:j]
        off = np.log2(np.maximum(length, 0.1) / ideal) ** 2
        value = best[i0:j] + gain[j] - 0.35 * off - 3.0 * (length < SHORTEST_SECTION_S)
        k = int(np.argmax(value))
        best[j], came[j] = value[k], i0 + k
    chain, j = [], int(came[-1])
    while j > 0:
        chain.append(float(nodes[j]))
        j = int(came[j])
    return np.array(chain[::-1], dtype=np.float64)


def make_sections(
    streams: Streams,
    grid: BeatGrid,
    boundaries_s: NDArray[np.float64],
    home: Key,
    energy: NDArray[np.float64],
    valence: NDArray[np.float64],
    final_s: float,
) -> tuple[Section, ...]:
    """Sections in bars, each boundary at the downbeat nearest to it, labelled by what resembles what.

    Args:
        energy, valence: `[bars]`.
        final_s: the final chord; a section never begins after it.
    """
    downbeats = grid.downbeats_s
    starts = {0}
    for time in boundaries_s:
        bar = int(np.argmin(np.abs(downbeats - time)))
        if downbeats[bar] < final_s - 1.0:
            starts.add(bar)
    edges = [*_without_slivers(sorted(starts), len(grid.bars)), len(grid.bars)]
    spans = list(pairwise(edges))
    looks = [_look(streams, downbeats[a], grid.bar_end_s(b - 1)) for a, b in spans]
    meanings = [_meaning(streams, downbeats[a], grid.bar_end_s(b - 1)) for a, b in spans]
    labels = _labels(looks, meanings)
    sections, heard = [], dict.fromkeys(labels, 0)
    keys = _keys(home, labels, spans, energy, valence)
    for i, ((a, b), label) in enumerate(zip(spans, labels, strict=True)):
        level = round(float(energy[a:b].mean()), 4)
        role = "theme"
        if len(spans) >= 3 and i == 0 and level <= float(energy.mean()):
            role = "intro"
        elif len(spans) >= 3 and i == len(spans) - 1:
            role = "outro"
        sections.append(Section(label, role, a, b, heard[label], keys[label], level))
        heard[label] += 1
    return tuple(sections)


def _novelty(streams: Streams, time_s: float, reach_s: float = 4.0) -> float:
    before = _look(streams, time_s - reach_s, time_s)
    after = _look(streams, time_s, time_s + reach_s)
    change = float(np.linalg.norm(before - after)) if len(before) else 0.0
    affect = streams.get("affect")
    if affect is not None and affect.says_something:
        at = np.array([time_s - reach_s / 2, time_s + reach_s / 2])
        change += sum(0.5 * abs(float(np.diff(affect.sample(at, c))[0])) for c in ("valence", "arousal"))
    meanings = _meaning(streams, time_s - reach_s, time_s), _meaning(streams, time_s, time_s + reach_s)
    change += _unlike(*meanings)
    motion = streams.get("motion")
    if motion is not None and motion.says_something:
        change += 0.3 * abs(_mean(streams, "motion", "energy", time_s, reach_s))
    return change


def _mean(streams: Streams, name: str, column: str, time_s: float, reach_s: float) -> float:
    """Difference of a curve's mean after and before an instant, relative to its larger side."""
    stream = streams[name]
    values, times = stream.column(column), stream.times_s
    after = values[stream.mask & (times >= time_s) & (times < time_s + reach_s)]
    before = values[stream.mask & (times < time_s) & (times >= time_s - reach_s)]
    if not len(after) or not len(before):
        return 0.0
    a, b = float(after.mean()), float(before.mean())
    return (a - b) / max(a, b, 1e-6)


def _look(streams: Streams, start_s: float, end_s: float) -> NDArray[np.float64]:
    """Mean look over an interval: `[27]` Lab of a 3×3 grid, or `[0]` where nothing was seen."""
    colour = streams.get("colour")
    if colour is None or not colour.says_something:
        return np.zeros(0)
    columns = [i for i, name in enumerate(colour.columns) if name[0] in "lab" and name[1:].isdigit()]
    inside = colour.mask & (colour.times_s >= start_s) & (colour.times_s < end_s)
    if not inside.any():
        inside = colour.mask & (np.abs(colour.times_s - start_s) == np.abs(colour.times_s - start_s).min())
        if not inside.any():
            return np.zeros(0)
    look: NDArray[np.float64] = colour.values[inside][:, columns].mean(axis=0).astype(np.float64)
    return look


def _meaning(streams: Streams, start_s: float, end_s: float) -> NDArray[np.float64]:
    """Mean CLIP embedding over an interval, unit norm, or `[0]` where there is none."""
    semantics = streams.get("semantics")
    if semantics is None:
        return np.zeros(0)
    inside = semantics.mask & (semantics.times_s >= start_s) & (semantics.times_s < end_s)
    if not inside.any():
        return np.zeros(0)
    mean: NDArray[np.float64] = semantics.values[inside].mean(axis=0).astype(np.float64)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _unlike(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Cosine distance of two meanings; 0 where either is unknown."""
    return 1.0 - float(a @ b) if len(a) and len(b) else 0.0


def _labels(looks: list[NDArray[np.float64]], meanings: list[NDArray[np.float64]]) -> list[str]:
    """One letter a section: the letter of the earlier section it resembles most, or a new one.

    Where the whole clip looks alike, the picture gives no form, and the music brings its own:
    A A', A B A', A A' B A'' … (rounded binary, the commonest short form).
    """
    n = len(looks)

    def apart(i: int, j: int) -> float:
        look = np.sqrt(((looks[i] - looks[j]) ** 2).mean()) if len(looks[i]) and len(looks[j]) else 0.0
        return float(look) + MEANING_SHARE * _unlike(meanings[i], meanings[j])

    if all(apart(i, j) < SAME_LOOK for i in range(n) for j in range(i)):
        return list({1: "A", 2: "AA", 3: "ABA", 4: "AABA"}.get(n, ("AABA" * (n // 4 + 1))[: n - 1] + "A"))
    firsts: list[int] = []
    out = []
    for i in range(n):
        distances = [apart(i, first) for first in firsts]
        if distances and (min(distances) < SAME_LOOK or len(firsts) >= MAX_LABELS):
            out.append("ABCDE"[int(np.argmin(distances))])
        else:
            out.append("ABCDE"[len(firsts)])
            firsts.append(i)
    return out


def _without_slivers(starts: list[int], bars: int) -> list[int]:
    """Drop section starts that would leave a section of a single bar, where there are bars to give."""
    kept = [0]
    for bar in starts[1:]:
        if bar - kept[-1] >= 2 and bars - bar >= 2:
            kept.append(bar)
    return kept


def _keys(
    home: Key,
    labels: list[str],
    spans: list[tuple[int, int]],
    energy: NDArray[np.float64],
    valence: NDArray[np.float64],
) -> dict[str, Key]:
    """One key a label, so that a place that comes back has its key as well as its theme; A is at home."""
    keys = {}
    for label in dict.fromkeys(labels):
        bars = [b for own, span in zip(labels, spans, strict=True) if own == label for b in range(*span)]
        brighter = float(valence[bars].mean() - valence.mean())
        # The piece does not end in a key that asks to go on.
        lasting = len(bars) >= LEAST_KEY_BARS and label != labels[-1]
        busier = float(energy[bars].mean() - energy.mean()) if lasting else 0.0
        keys[label] = home if label == "A" else _related(home, brighter, busier)
    return keys


def _related(home: Key, brighter: float, busier: float) -> Key:
    """A neighbouring key for a contrasting section, at most one sharp or flat away.

    The relative key where its affect turns; else the dominant's where more happens and the
    subdominant's where less does, which is how rising and resting are heard (Schoenberg 1954,
    "Structural Functions of Harmony"); else home.
    """
    if brighter > TURNS_MOOD and home.mode in ("minor", "dorian", "phrygian"):
        return Key((home.tonic + 3) % 12, "major")
    if brighter < -TURNS_MOOD and home.mode in ("major", "lydian", "mixolydian"):
        return Key((home.tonic + 9) % 12, "minor")
    if abs(busier) > TURNS_ENERGY:
        return Key((home.tonic + (7 if busier > 0 else 5)) % 12, home.mode)
    return home
