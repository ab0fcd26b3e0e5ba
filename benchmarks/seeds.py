"""Does the music land whatever the seed? `python -m benchmarks.seeds [CLIP or FOLDER ...] [--seeds 10]`

Every clip is looked at once, planned and played with each seed, and measured as `benchmarks.landing`
does: as it is, and turned by a third of its length, which keeps all that it is and takes away only
where it lies. Shares of cuts are of all cuts, other numbers means over clips; the 95 % intervals are of
a bootstrap that draws clips, and for each of them its seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, clips_in, made_clip
from benchmarks.landing import MADE, Landing, measure, scene_of

RESAMPLES = 4000
# What is told: as it lands, turned by a third, and which count weighs the clips.
ROWS: dict[str, tuple[str, str | None, str | None]] = {
    "cuts ≥ 1 s apart met": ("apart_cuts", "rotated_apart_cuts", "apart_count"),
    "… lift over chance": ("apart_cuts_lift", "rotated_apart_cuts_lift", None),
    "a beat of the grid on them": ("beats_on_cuts", None, "apart_count"),
    "… lift": ("beats_on_cuts_lift", None, None),
    "AV-Align": ("av_align", "rotated_av_align", None),
    "… lift of it": ("av_align_lift", "rotated_av_align_lift", None),
    "loudness with motion": ("loudness_with_motion", "rotated_loudness_with_motion", None),
    "a made dancer's rests on a beat": ("kinematic_beats", None, "kinematic_count"),
    "onsets a second": ("onsets_per_s", None, None),
}


def play(subject: Subject, work: Path, seeds: int) -> list[dict[str, Any]]:
    """A clip's numbers, a row a seed."""
    from encoders.encode import encode
    from generators.plan import make_plan
    from generators.plan_file import save_plan
    from generators.wishes import Wishes
    from v2m.chosen_models import choose_models

    scene = scene_of(subject)
    models = choose_models()
    streams = encode(scene.clip, clip_model=models.clip, pose_model=models.pose)
    rows = []
    for seed in range(seeds):
        path = work / f"{subject.path.stem}.{seed}.plan.json"
        save_plan(make_plan(streams, Wishes(seed=seed)), path)
        row: Landing = measure(scene, work, plan_path=path)
        rows.append({**vars(row), "seed": seed, "onsets_per_s": row.onsets / scene.clip.duration_s})
    return rows


def table_of(clips: list[list[dict[str, Any]]], name: str, weight: str | None) -> NDArray[np.float64] | None:
    """float64 `[clips, seeds, 2]`: values and weights; clips without a number are left out."""
    kept = [
        [(row[name], row[weight] if weight else 1.0) for row in rows]
        for rows in clips
        if all(row[name] is not None for row in rows)
    ]
    return np.array(kept, dtype=np.float64) if kept else None


def interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The weighed mean of `[clips, seeds, 2]`, and its 95 % interval."""
    rng = np.random.default_rng(0)
    clips, seeds, _ = values.shape
    means = []
    for _ in range(RESAMPLES):
        drawn = values[rng.integers(0, clips, clips)]
        drawn = np.take_along_axis(drawn, rng.integers(0, seeds, (clips, seeds))[..., None], axis=1)
        means.append(np.average(drawn[..., 0], weights=drawn[..., 1]))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.average(values[..., 0], weights=values[..., 1])), float(low), float(high)


def summary(clips: list[list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Of each row: clips, (mean, low, high) as it lands and turned, and the lowest clip's mean over seeds."""
    told: dict[str, dict[str, Any]] = {}
    for title, (name, turned, weight) in ROWS.items():
        here = table_of(clips, name, weight)
        if here is None:
            continue
        away = None if turned is None else table_of(clips, turned, weight)
        told[title] = {
            "clips": len(here),
            "lands": interval(here),
            "turned": None if away is None else interval(away),
            "lowest_clip": float(here[..., 0].mean(axis=1).min()),
        }
    return told


def show(told: dict[str, dict[str, Any]], seeds: int, console: Console) -> None:
    table = Table(title=f"Where the music lands, {seeds} seeds", box=None)
    for heading in ("measure", "clips", "as it lands", "turned by a third", "lowest clip"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for title, row in told.items():
        table.add_row(
            title, str(row["clips"]), _cell(row["lands"]), _cell(row["turned"]), f"{row['lowest_clip']:.2f}"
        )
    console.print(table)


def _cell(found: tuple[float, float, float] | None) -> str:
    if found is None or math.isnan(found[0]):
        return "–"
    return "{:.2f} ({:.2f} to {:.2f})".format(*found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", type=Path, help="clips, or folders, besides the made ones")
    parser.add_argument("--seeds", type=int, default=10, help="how many (default 10)")
    parser.add_argument("--made", nargs="*", default=list(MADE), help="which made clips (default all)")
    parser.add_argument("--height", type=int, default=360, help="lines of the made clips (default 360)")
    parser.add_argument("--work", type=Path, help="keep the clips and their soundtracks here")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        clips = []
        for subject in [
            *(made_clip(name, work, height=asked.height) for name in asked.made),
            *clips_in(asked.places),
        ]:
            progress.print(f"[dim]{subject.name}[/dim]")
            clips.append(play(subject, work, asked.seeds))
    told = summary(clips)
    if asked.json:
        print(json.dumps({"summary": told, "clips": clips}, indent=2))
    else:
        show(told, asked.seeds, Console(width=140))


if __name__ == "__main__":
    main()
