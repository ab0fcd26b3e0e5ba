"""Does the affective transformer foretell songs, and listen? `python -m benchmarks.affective --data FOLDER`

FOLDER is MuVi-Sync as `datasets.muvi_sync` reads it. All is teacher-forced over every second but the
first, chords normalised to C major or A minor (`generators.affective.scoring` has the definitions), of the
test split unless `--split val` is asked for, which alone is for tuning. Three tables: chords beside
counting and the published model; density and loudness; and what is lost when the model is not told, or
told wrongly, what the picture shows. Intervals are 95 % of a bootstrap that draws songs, paired where
two runs are compared.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: the checkout, not this folder, is where modules are
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.affective_baselines import chord_baselines, level_baselines
from datasets.muvi_sync import read_packed
from encoders.errors import V2MError
from generators.affective.chord_words import WORDS
from generators.affective.corpus import Song, unpack
from generators.affective.model import AffectiveTransformer
from generators.affective.scoring import foretell, measure, summed
from generators.affective.senses import PICTURE
from generators.affective.shipped import WEIGHTS, shipped_models
from generators.affective.weights import read_weights

RESAMPLES = 4000
NAMES = (
    "hits@1", "hits@3", "hits@5", "change_hits@1", "change_hits@3", "change_hits@5", "nats",
    "density_rmse", "loudness_rmse", "correspondence",
)  # fmt: skip
LEVELS = ("density_rmse", "loudness_rmse")
LOST = ("nats", "hits@1", "correspondence", *LEVELS)
# Kang, Poria and Herremans 2023, on the test split.
PUBLISHED = {
    "hits@1": 0.5139, "hits@3": 0.7722, "hits@5": 0.8672, "density_rmse": 4.50, "loudness_rmse": 0.0876,
}  # fmt: skip
ABOUT_LEVELS = (
    "The published errors of density and loudness are from the picture alone. Ours under “past told” are "
    "not: the song's own density and loudness up to each second are told, and the last value is what to "
    "beat. Ours under “past untold” hide these; the picture and the chords up to then are told."
)
Rows = NDArray[np.float64]  # [songs, scoring.COLUMNS]


class Judge:
    """One split's songs, and a model's rows on them."""

    def __init__(self, songs: Sequence[Song], deviation: Sequence[float]) -> None:
        self.songs, self.deviation = songs, deviation
        self.drawn = np.random.default_rng(0).integers(0, len(songs), (RESAMPLES, len(songs)))

    def rows(
        self,
        models: Sequence[AffectiveTransformer],
        *,
        told: Sequence[Song] | None = None,
        mask: Sequence[str] = (),
        levels_told: bool = True,
    ) -> Rows:
        """Measured against the songs themselves, whatever the model is told of their picture."""
        said = foretell(models, told or self.songs, mask=mask, levels_told=levels_told)
        return np.array([measure(s, *of_it) for s, of_it in zip(self.songs, said, strict=True)])

    def values(self, rows: Rows) -> NDArray[np.float64]:
        """`[..., songs, COLUMNS]` → `[..., NAMES]`, levels in the corpus's own units."""
        values = summed(rows)
        values[..., 7:9] *= self.deviation
        return values

    def told(self, rows: Rows) -> dict[str, Any]:
        """Each of `NAMES`, and its interval."""
        found = self.values(rows)
        low, high = self._interval(self.values(rows[self.drawn]))
        named = {name: _number(value) for name, value in zip(NAMES, found, strict=True)}
        ends = zip(NAMES, low, high, strict=True)
        return {**named, "intervals": {name: [_number(a), _number(b)] for name, a, b in ends}}

    def lost(self, rows: Rows, whole: Rows) -> dict[str, dict[str, Any]]:
        """What changes against the `whole` run, song by song."""
        change = self.values(rows) - self.values(whole)
        low, high = self._interval(self.values(rows[self.drawn]) - self.values(whole[self.drawn]))
        return {
            name: {"change": _number(change[i]), "interval": [_number(low[i]), _number(high[i])]}
            for i, name in enumerate(NAMES)
            if name in LOST
        }

    @staticmethod
    def _interval(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.quantile(values, [0.025, 0.975], axis=0)


def baselines(judge: Judge, training: Sequence[Song]) -> dict[str, dict[str, Any]]:
    """What counting does, and the published model."""
    found: dict[str, dict[str, Any]] = {}
    for name, odds_of in chord_baselines(training).items():
        rows = []
        for song in judge.songs:
            odds = torch.from_numpy(odds_of(song.music.chords.numpy())).log()
            rows.append(measure(song, odds, torch.full((len(odds), 2), torch.nan)))
        told = judge.told(np.array(rows))
        unsaid = {*LEVELS, *(("nats",) if name.startswith("repeat") else ())}
        found[name] = {n: v for n, v in told.items() if n not in unsaid}
        found[name]["intervals"] = {n: v for n, v in told["intervals"].items() if n not in unsaid}
    both = [level_baselines(training, level) for level in (0, 1)]
    for name in both[0]:
        rows = []
        for song in judge.songs:
            values = song.music.levels.double().numpy()
            levels = np.column_stack([both[i][name](values[:, i]) for i in (0, 1)])
            rows.append(measure(song, torch.zeros(len(levels), WORDS), torch.from_numpy(levels)))
        told = judge.told(np.array(rows))
        found[name] = {n: told[n] for n in LEVELS}
        found[name]["intervals"] = {n: told["intervals"][n] for n in LEVELS}
    return {**found, "AMT as published (test)": dict(PUBLISHED)}


def shuffled(songs: Sequence[Song]) -> list[Song]:
    """Every song with the picture of another, cut or held to its length."""
    order = np.random.default_rng(0).permutation(len(songs))
    other = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    out = []
    for i, song in enumerate(songs):
        seen = songs[other[i]]
        rows = torch.arange(len(song)).clamp(max=len(seen) - 1)
        values = {**song.values, **{name: seen.values[name][rows] for name in PICTURE}}
        out.append(replace(song, values=values))
    return out


def examine(folder: Path, weights: Path, split: str, progress: Console) -> dict[str, Any]:
    """All that is printed.

    Raises:
        V2MError: if the folder is not MuVi-Sync, or the weights are not there.
    """
    models = shipped_models() if weights == WEIGHTS else read_weights(weights)
    tensors, about = read_packed(folder)
    songs = unpack({name: torch.from_numpy(value) for name, value in tensors.items()}, about)
    judge = Judge([song for song in songs if song.split == split], about["levels"]["deviation"])
    counted = baselines(judge, [song for song in songs if song.split == "train"])

    def run(title: str, **how: Any) -> Rows:
        progress.print(f"[dim]{title}[/dim]")
        return judge.rows(models, **how)

    ours = judge.told(run("the model"))
    blind = judge.told(run("without the picture", mask=PICTURE))
    whole = run("levels untold", levels_told=False)
    runs = {f"{name} masked": run(f"{name} masked", mask=[name], levels_told=False) for name in PICTURE}
    runs["all masked"] = run("all masked", mask=PICTURE, levels_told=False)
    runs["shuffled between clips"] = run("shuffled", told=shuffled(judge.songs), levels_told=False)
    for into, rows in ((ours, whole), (blind, runs["all masked"])):
        untold = judge.told(rows)
        for name in LEVELS:
            into[f"{name}_past_untold"] = untold[name]
            into["intervals"][f"{name}_past_untold"] = untold["intervals"][name]
    return {
        "split": split,
        "songs": len(judge.songs),
        "members": len(models),
        "parameters": sum(p.numel() for model in models for p in model.parameters()),
        split: ours,
        "without_picture": blind,
        "baselines": counted,
        "listens": {
            "whole": judge.told(whole),
            **{title: judge.lost(rows, whole) for title, rows in runs.items()},
        },
        "about_levels": ABOUT_LEVELS,
    }


def show(found: dict[str, Any], console: Console) -> None:
    """The three tables."""
    ours = {"[bold]ours": found[found["split"]], "ours without the picture": found["without_picture"]}
    rows = {**found["baselines"], **ours}
    title = f"Chords, {found['songs']} songs of {found['split']}; right, where the chord changes"
    chords = _table(title, ("hits@1", "@3", "@5", "nats", "hits@1", "@3", "@5"))
    for name, row in rows.items():
        if "hits@1" in row:
            shown = (*NAMES[:3], "nats", *NAMES[3:6])
            chords.add_row(name, *(_cell(row, n, 3) for n in shown))
    console.print(chords)
    levels = _table(
        "Density and loudness, RMSE in the corpus's units",
        ("density, past told", "loudness", "density, past untold", "loudness"),
    )
    for name, row in rows.items():
        if name in ("training mean", "AMT as published (test)"):
            cells = ("–", "–", _cell(row, LEVELS[0], 2), _cell(row, LEVELS[1], 4))
        elif LEVELS[0] in row:
            untold = [f"{n}_past_untold" for n in LEVELS]
            cells = (
                _cell(row, LEVELS[0], 2), _cell(row, LEVELS[1], 4),
                _cell(row, untold[0], 2), _cell(row, untold[1], 4),
            )  # fmt: skip
        else:
            continue
        levels.add_row(name, *cells)
    console.print(levels)
    console.print(ABOUT_LEVELS, highlight=False)
    heard = _table(
        "Does it listen? What changes, past density and loudness untold",
        ("nats", "hits@1", "correspondence", "density", "loudness"),
    )
    for name, row in found["listens"].items():
        if name == "whole":
            heard.add_row("as it is", *(_cell(row, n, 4) for n in LOST))
        else:
            heard.add_row(name, *(_change(row[n]) for n in LOST))
    console.print(heard)


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title, box=None)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _cell(row: dict[str, Any], name: str, digits: int) -> str:
    value = row.get(name)
    if value is None:
        return "–"
    ends = row.get("intervals", {}).get(name)
    shown = f"{value:.{digits}f}"
    return f"{shown} ±{(ends[1] - ends[0]) / 2:.{digits}f}" if ends else shown


def _change(found: dict[str, Any]) -> str:
    if found["change"] is None:
        return "–"
    shown = "{:+.4f} ({:+.4f}, {:+.4f})".format(found["change"], *found["interval"])
    return shown.replace("+0.", "+.").replace("-0.", "−.")


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), 5)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.affective", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MuVi-Sync: features.npz and chords.json")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="others than the shipped ones")
    parser.add_argument("--split", choices=("test", "val"), default="test", help="default test")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    try:
        found = examine(asked.data, asked.weights, asked.split, Console(stderr=True))
    except V2MError as error:
        raise SystemExit(str(error)) from None
    if asked.json:
        print(json.dumps(found, indent=2))
    else:
        show(found, Console(width=150))


if __name__ == "__main__":
    main()
