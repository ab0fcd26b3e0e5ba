"""Does the affective transformer follow valence and arousal? `python -m benchmarks.steering [--json]`

The same empty plan of 16 bars is written with valence at nine steps from −1 to 1, arousal held, and the
reverse, ten seeds each. Counted are the share of chords of a major type, and density and loudness as the
model gives them, in deviations of its corpus; with Spearman's correlation of the nine means. Timed is a
plan of a minute.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from generators.affective import shipped_models, write_chords
from generators.affective.chord_words import MAJOR_TYPE, home, quality_of
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, help="other weights than those that ship")
    parser.add_argument("--guidance", type=float, default=Sampling().guidance)
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
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for name, row in result.items():
        print(f"{name:32}", *(f"{k} {v}" for k, v in row.items()), sep="  ")


if __name__ == "__main__":
    main()
