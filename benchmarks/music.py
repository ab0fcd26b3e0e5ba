"""Is what v2m composes like music that people make? `python -m benchmarks.music [--styles ...] [--json]`

Every made clip (`demos/`) is planned and composed in every style and with several seeds; the scores
are compared, as a set, with POP909's (`v2m.alignment.music`): differences of means and overlapped
areas, metric by metric, against human excerpts of the same length. What stands beside them:

* *people's*: the overlap that as many human pieces, drawn from the corpus, get: the mean of 20 draws.
  More than that cannot be had.
* *shuffled*: the overlap of the same notes with their pitches dealt out anew and their bars in
  another order.
* the interval: 95 % of the differences when clips are drawn anew, with all that was composed on them.

`--midi FOLDER` measures MIDI files instead, such as another version of this program wrote them with
`v2m soundtrack --midi`: named CLIP-STYLE-SEED.mid, the tune's track with "melody" in its name.

CMT's and Diff-BGM's distances to their own corpora, as published, are printed for context: other corpora,
other definitions, never one column.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, made_clip
from encoders.stream import Streams
from generators.style import style_names
from v2m.alignment import music
from v2m.alignment.music_statistics import HISTOGRAMS, UNITS, Statistics, describe
from v2m.alignment.music_straw import shuffled
from v2m.alignment.piece import Piece, PieceError, from_music, read_midi
from v2m.alignment.reference import (
    Corpus,
    Reference,
    distances_overlap,
    load_reference,
    shapes_overlap,
    total_variation,
)

MADE = ("film", "dance", "montage", "talk", "still")
DRAWS = 20
RESAMPLES = 1000
PUBLISHED = {"CMT": (0.319, 0.114, 0.275), "Diff-BGM": (0.123, 0.107, 0.035)}
"""System → how far its means are from its corpus's in PCHE, GPS and SI, as its authors define them."""


@dataclass(frozen=True, eq=False)
class Composed:
    """One piece: what it was composed on, and its numbers, also when shuffled."""

    clip: str
    style: str
    seed: int
    real: Statistics
    shuffled: Statistics


@dataclass(frozen=True)
class Row:
    """One metric over the whole set; nan where it is undefined.

    `difference_low`, `difference_high` bound 95 % of the differences over resampled clips.
    """

    metric: str
    unit: str
    count: int
    mean: float
    human_mean: float
    human_sd: float
    difference: float
    difference_low: float
    difference_high: float
    overlap: float
    values_overlap: float
    people_overlap: float
    shuffled_overlap: float


def looked_at(subject: Subject, work: Path) -> Streams:
    """The streams of a clip; taken from `work` the next time."""
    from encoders.clip import probe
    from encoders.encode import encode

    kept = work / f"{subject.path.stem}.streams.npz"
    if kept.exists():
        return Streams.load(kept)
    streams = encode(probe(subject.path))
    streams.save(kept)
    return streams


def compose_piece(streams: Streams, style: str, seed: int, generator: str = "rhythm") -> Piece:
    """Plan and compose one piece, the way `v2m soundtrack` does."""
    from generators.plan import make_plan
    from generators.rhythm import compose
    from generators.wishes import Wishes
    from v2m.report import Run
    from v2m.stages import harmonised

    wishes = Wishes(style=style, seed=seed, generator=generator)
    plan = harmonised(make_plan(streams, wishes), streams, wishes, Run())
    return from_music(compose(plan), plan.grid)


def compose_set(
    clips: Sequence[Subject],
    styles: Sequence[str],
    seeds: Sequence[int],
    work: Path,
    progress: Console,
    generator: str = "rhythm",
) -> list[Composed]:
    """Every clip in every style with every seed."""
    made = []
    for subject in clips:
        streams = looked_at(subject, work)
        progress.print(f"[dim]{subject.name}[/dim]")
        for style in styles:
            for seed in seeds:
                piece = compose_piece(streams, style, seed, generator)
                other = shuffled(piece, np.random.default_rng(seed))
                name = subject.path.stem.split("-")[0]
                made.append(Composed(name, style, seed, describe(piece), describe(other)))
    return made


def read_set(folder: Path) -> list[Composed]:
    """The MIDI files of a folder, by name: CLIP-STYLE-SEED.mid.

    Raises:
        PieceError: if one cannot be read, or there is none.
    """
    made = []
    for path in sorted(folder.glob("*.mid")):
        clip, style, seed = ([*path.stem.split("-"), "", ""])[:3]
        piece = read_midi(path)
        other = shuffled(piece, np.random.default_rng(len(made)))
        made.append(Composed(clip, style, int(seed or 0), describe(piece), describe(other)))
    if not made:
        raise PieceError(f"{folder}: holds no MIDI file")
    return made


def rows_of(made: Sequence[Composed], reference: Reference) -> list[Row]:
    """The set against the corpus, metric by metric."""
    real = [piece.real for piece in made]
    corpus = music.validate(real, reference)
    found = {m.name: m for m in music.evaluate_set(real, reference=reference)}
    straw = {m.name: m for m in music.evaluate_set([p.shuffled for p in made], reference=reference)}
    rows = []
    for name in [n for n in (*UNITS, *HISTOGRAMS) if n in corpus.numbers or n in corpus.histograms]:
        difference, overlap = found[f"{name}_difference"], found[f"{name}_overlap"]
        low, high = interval(name, made, corpus)
        told = difference.details
        rows.append(
            Row(
                metric=name,
                unit=difference.unit,
                count=difference.count or 0,
                mean=told.get("mean", math.nan),
                human_mean=told.get("human_mean", math.nan),
                human_sd=told.get("human_sd", math.nan),
                difference=difference.score,
                difference_low=low,
                difference_high=high,
                overlap=overlap.score,
                values_overlap=overlap.details.get("values_overlap", math.nan),
                people_overlap=people_overlap(name, len(made), corpus),
                shuffled_overlap=straw[f"{name}_overlap"].score,
            )
        )
    return rows


def interval(name: str, made: Sequence[Composed], corpus: Corpus) -> tuple[float, float]:
    """95 % of the differences of means over clips drawn anew, with all that was composed on each."""
    rng = np.random.default_rng(0)
    clips = sorted({piece.clip for piece in made})
    known = [p for p in made if np.isfinite(value_of(name, p.real)).all()]
    by_clip = {clip: np.array([value_of(name, p.real) for p in known if p.clip == clip]) for clip in clips}
    found = []
    for _ in range(RESAMPLES if known else 0):
        drawn = [by_clip[clip] for clip in rng.choice(clips, len(clips)) if len(by_clip[clip])]
        if not drawn:
            continue
        mean = np.concatenate(drawn).mean(axis=0)
        if name in corpus.numbers:
            found.append(float(mean) - corpus.numbers[name].mean)
        else:
            found.append(float(total_variation(mean, corpus.histograms[name].mean)))
    return (
        (float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975)))
        if found
        else (math.nan, math.nan)
    )


def value_of(name: str, piece: Statistics) -> NDArray[np.float64]:
    """A number as `[]`, a histogram as `[bins]`."""
    return np.asarray(piece.numbers[name] if name in UNITS else piece.histograms[name])


def people_overlap(name: str, count: int, corpus: Corpus) -> float:
    """The overlap that so many human pieces get, the mean of some draws."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(DRAWS):
        if name in corpus.numbers:
            spread = corpus.numbers[name]
            found.append(distances_overlap(rng.choice(spread.quantiles, count), spread))
        else:
            shape = corpus.histograms[name]
            found.append(shapes_overlap(shape.pieces[rng.integers(0, len(shape.pieces), count)], shape))
    return float(np.mean(found))


def by_style(made: Sequence[Composed], reference: Reference) -> dict[str, tuple[float, list[str]]]:
    """Style → its pieces' mean human distance, and the three metrics whose mean z is largest."""
    told = {}
    for style in sorted({piece.style for piece in made}):
        each = [music.compare(piece.real, reference) for piece in made if piece.style == style]
        scores = {m[0].name: np.array([x.score for x in m]) for m in zip(*each, strict=True)}
        means = {n: float(np.nanmean(v)) for n, v in scores.items() if np.isfinite(v).any()}
        away = means.pop("human_distance", math.nan)
        worst = sorted(means, key=lambda n: -abs(means[n]))[:3]
        told[style] = (away, [f"{name} {means[name]:+.1f}" for name in worst])
    return told


def show(rows: Sequence[Row], made: Sequence[Composed], reference: Reference, console: Console) -> None:
    """The table, the styles, and the published distances."""
    corpus = music.validate([piece.real for piece in made], reference)
    table = Table(title=f"{len(made)} pieces beside {corpus.title} ({reference.title})")
    headings = (
        "metric",
        "v2m",
        "people",
        "difference",
        "in sd",
        "overlap",
        "of values",
        "people's",
        "shuffled",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for r in rows:
        number = r.metric in UNITS
        table.add_row(
            r.metric,
            f"{r.mean:.3f}" if number else "",
            f"{r.human_mean:.3f} ± {r.human_sd:.3f}" if number else "",
            f"{r.difference:{'+' if number else ''}.3f} ({r.difference_low:.3f} … {r.difference_high:.3f})",
            f"{r.difference / r.human_sd:+.2f}" if number and r.human_sd > 0 else "",
            *(f"{v:.2f}" for v in (r.overlap, r.values_overlap, r.people_overlap, r.shuffled_overlap)),
        )
    console.print(table)
    console.print(
        "A style's mean human distance (a human piece: about 1), and its mean z farthest from nought:"
    )
    for style, (away, worst) in by_style(made, reference).items():
        console.print(f"  {style:14} {away:5.2f}   {', '.join(worst)}")
    apart = {r.metric: abs(r.difference) for r in rows}
    si = float(np.mean([v for name, v in apart.items() if name.startswith("si_")]))
    console.print("Distances of means, PCHE (1 bar, 4 bars) / GPS / SI (mean of the lengths that there are):")
    ours = f"{apart['pche_1bar']:.3f}, {apart['pche_4bars']:.3f} / {apart['gps']:.3f} / {si:.3f}"
    console.print(f"  v2m to POP909: {ours}")
    for system, (entropy, groove, form) in PUBLISHED.items():
        console.print(
            f"  {system} to its own corpus, by its authors' definitions: {entropy} / {groove} / {form}"
        )


def main() -> None:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.music", description=lines[0])
    parser.add_argument("--made", nargs="*", default=list(MADE), help="which made clips (default all)")
    parser.add_argument("--styles", nargs="*", help="which styles (default all)")
    parser.add_argument("--seeds", type=int, default=2, help="pieces a clip and style (default 2)")
    parser.add_argument("--duration", type=float, default=60.0, help="seconds a clip (default 60)")
    parser.add_argument("--height", type=int, default=180, help="lines of the clips (default 180)")
    parser.add_argument("--generator", choices=("rhythm", "affective"), default="rhythm")
    parser.add_argument("--work", type=Path, help="keep the clips and what was seen of them here")
    parser.add_argument("--midi", type=Path, help="measure the MIDI files of this folder instead")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    progress = Console(stderr=True)
    reference = load_reference()
    if asked.midi is not None:
        made = read_set(asked.midi)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            work = asked.work or Path(scratch)
            work.mkdir(parents=True, exist_ok=True)
            clips = [made_clip(n, work, height=asked.height, duration_s=asked.duration) for n in asked.made]
            styles = asked.styles or style_names()
            made = compose_set(clips, styles, range(asked.seeds), work, progress, asked.generator)
    rows = rows_of(made, reference)
    if asked.json:
        styles_told = {
            s: {"human_distance": a, "worst": w} for s, (a, w) in by_style(made, reference).items()
        }
        print(json.dumps({"rows": [asdict(row) for row in rows], "styles": styles_told}, indent=2))
    else:
        show(rows, made, reference, Console(width=150))


if __name__ == "__main__":
    main()
