"""Does the affective transformer follow valence and arousal? `python -m benchmarks.steering [--json]`

The same empty plan of 16 bars is written with valence at nine steps from −1 to 1, arousal held, and the
reverse, ten seeds each. Counted are the share of chords of a major type, and density and loudness as the
model gives them, in deviations of its corpus; with Spearman's correlation of the nine means. Timed is a
plan of a minute.

`--felt emopia.safetensors` (of `datasets.emopia_steps`) also tells whether the mood that steers is the one
that people hear: for how many pairs of clips, one of the quadrants that they judged high and one of those
judged low, it is higher for the first (chance .5; the interval draws clips).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from generators.affective import shipped_models, write_chords
from generators.affective.chord_words import MAJOR_TYPE, home, quality_of
from generators.affective.corpus import CorpusError, read_corpus
from generators.affective.listening import listen, places
from generators.affective.model import AffectiveTransformer
from generators.affective.sampling import Given, Sampling, draw
from generators.affective.weights import read_weights
from generators.curves import Curves
from generators.form import Section
from generators.grid import Bar, BeatGrid
from generators.key import Key
from generators.plan import Plan

STEPS = np.linspace(-1, 1, 9)
SEEDS = range(10)
BEAT_S = 0.5


def blank(bars: int, valence: float, arousal: float, mode: str = "major") -> Plan:
    """A plan of which only the mood is known."""
    rows = tuple(Bar(tuple(2.0 * b + BEAT_S * k for k in range(4)), 4, ()) for b in range(bars))
    flat = (0.5,) * bars
    curves = Curves(flat, flat, (valence,) * bars, (arousal,) * bars, (0.0,) * bars)
    key = Key(0, mode)
    section = Section("A", "theme", 0, bars, 0, key, 0.5)
    length_s = 2.0 * bars
    return Plan(
        length_s,
        "film",
        "piano",
        key,
        BeatGrid(rows, length_s),
        (section,),
        (),
        curves,
        length_s - 2.0,
        0,
        "",
    )


def sweep(
    models: tuple[AffectiveTransformer, ...], which: str, mode: str, guidance: float
) -> dict[str, list[float]]:
    """Means over seeds at each of `STEPS`."""
    out: dict[str, list[float]] = {"major": [], "density": [], "loudness": []}
    for value in STEPS.tolist():
        plan = blank(16, value if which == "valence" else 0.0, value if which == "arousal" else 0.0, mode)
        steps = places(plan)
        senses = listen(plan, None, steps)
        drawn = [
            draw(models, senses, Given((home(mode == "major"),)), Sampling(seed=s, guidance=guidance))
            for s in SEEDS
        ]
        chords = np.concatenate([d.chords for d in drawn])
        out["major"].append(float(np.mean([quality_of(int(c)) in MAJOR_TYPE for c in chords])))
        levels = np.concatenate([d.levels for d in drawn]).mean(0)
        out["density"].append(float(levels[0]))
        out["loudness"].append(float(levels[1]))
    return out


def felt(corpus: Path) -> dict[str, dict[str, object]]:
    """How well the mood of songs agrees with people's quadrants.

    Raises:
        CorpusError: if it is not EMOPIA as the recipe prepares it.
    """
    from safetensors.numpy import load_file

    songs = read_corpus(corpus)
    quadrant = load_file(corpus).get("quadrant")
    if quadrant is None:
        raise CorpusError(f"{corpus} does not say what people felt: make it with datasets.emopia_steps")
    moods = np.array([song.values["affect"].mean(0).numpy() for song in songs])
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, object]] = {}
    for name, column, high in (("valence", 0, (1, 4)), ("arousal", 1, (1, 2))):
        up, down = (moods[np.isin(quadrant, high) == wanted, column] for wanted in (True, False))
        drawn = [above(rng.choice(up, len(up)), rng.choice(down, len(down))) for _ in range(500)]
        found[f"{name} as people hear it"] = {
            "pairs in order": round(above(up, down), 3),
            "interval": [round(float(x), 3) for x in np.quantile(drawn, [0.025, 0.975])],
        }
    return found


def above(up: NDArray[np.float64], down: NDArray[np.float64]) -> float:
    """The share of pairs of which the first is higher (the area under the ROC curve)."""
    ranks = rankdata(np.concatenate([up, down]))[: len(up)].sum()
    return float((ranks - len(up) * (len(up) + 1) / 2) / (len(up) * len(down)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, help="other weights than those that ship")
    parser.add_argument("--guidance", type=float, default=Sampling().guidance)
    parser.add_argument("--felt", type=Path, metavar="FILE", help="EMOPIA, prepared")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    arguments = parser.parse_args()
    models = shipped_models() if arguments.weights is None else read_weights(arguments.weights)
    result: dict[str, dict[str, object]] = {}
    for which, mode in (("valence", "major"), ("valence", "minor"), ("arousal", "major")):
        curves = sweep(models, which, mode, arguments.guidance)
        told = ("major",) if which == "valence" else ("density", "loudness")
        for name in told:
            result[f"{name} by {which} in {mode}"] = {
                "at": [round(x, 3) for x in curves[name]],
                "spearman": round(float(spearmanr(STEPS, curves[name]).statistic), 3),
            }
    plan = blank(30, 0.0, 0.0)
    write_chords(replace(plan, seed=1), None, models, Sampling())
    began = time.monotonic()
    write_chords(plan, None, models, Sampling())
    result["a minute of music"] = {"seconds": round(time.monotonic() - began, 2)}
    if arguments.felt is not None:
        result |= felt(arguments.felt)
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for name, row in result.items():
        print(f"{name:32}", *(f"{k} {v}" for k, v in row.items()), sep="  ")


if __name__ == "__main__":
    main()
