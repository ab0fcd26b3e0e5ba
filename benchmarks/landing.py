"""Does the music land on the picture? `python -m benchmarks.landing [CLIP or FOLDER ...] [--json]`

Every clip gets a soundtrack, and what comes out of the file is measured: onsets are detected in
the sound as it is heard, loudness and length are taken from ffmpeg's decoding of it. Cuts are
those of the ground truth where the clip is a made one, else those that `encoders.cuts` finds.
Each score stands beside what chance gives (`v2m.alignment.chance`), and beside the score of the
same sound rotated by a third of its length, which a measure of fit must not like as much.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, clips_in, made_clip
from encoders.clip import Clip
from v2m.alignment import curves, sync
from v2m.alignment.audio import read_sound
from v2m.alignment.curves import per_second
from v2m.alignment.flow import Flow, measure_flow
from v2m.alignment.heard import hear
from v2m.alignment.measure import Measure
from v2m.alignment.onsets import detect_onsets

MADE = ("film", "dance", "montage", "talk", "still")
GOALS = {
    "planned_cuts": 0.90,
    "apart_cuts": 0.80,
    "apart_cuts_lift": 1.4,
    "beats_on_cuts": 0.85,
    "av_align_lift": 1.2,
    "kinematic_beats": 0.95,
    "loudness_error_lu": 0.5,
    "length_error_frames": 1.0,
}
SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Landing:
    """One clip's numbers; None where there is nothing to measure.

    `*_lift` is the score over its mean under circular shifts; `rotated_*` the same for the
    sound rotated by a third. Counts are of what there was to meet.
    """

    clip: str
    style: str
    mode: str
    tempo_bpm: float
    onsets: int
    planned_count: int
    planned_cuts: float | None
    apart_count: int
    apart_cuts: float | None
    apart_cuts_lift: float | None
    beats_on_cuts: float | None
    beats_on_cuts_lift: float | None
    av_align: float | None
    av_align_lift: float | None
    kinematic_count: int
    kinematic_beats: float | None
    kinematic_onsets: float | None
    loudness_with_motion: float | None
    rotated_apart_cuts: float | None
    rotated_apart_cuts_lift: float | None
    rotated_av_align: float | None
    rotated_av_align_lift: float | None
    rotated_loudness_with_motion: float | None
    loudness_error_lu: float | None
    length_error_frames: float
    missed_cuts_s: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to land on.

    Attributes:
        cuts_s, rests_s: of the ground truth, else the cuts that are found and no rests.
        flow: of every frame.
    """

    subject: Subject
    clip: Clip
    cuts_s: NDArray[np.float64]
    rests_s: NDArray[np.float64]
    flow: Flow


def scene_of(subject: Subject) -> Scene:
    """Look at a clip for what is to be measured; the soundtrack's own senses have no part in it."""
    from encoders.clip import probe
    from encoders.encode import encode

    clip = probe(subject.path)
    if subject.truth is not None:
        cuts, rests = np.array(subject.truth.cuts_s), np.array(subject.truth.kinematic_beats_s)
    else:
        found = encode(clip, senses=["cuts"])["cuts"].times_s
        cuts, rests = found[(found > 0.0) & (found < clip.duration_s)], np.zeros(0)
    return Scene(subject, clip, cuts, rests, measure_flow(subject.path))


def measure(
    scene: Scene, work: Path, *, seed: int = 0, lufs: float = -14.0, plan_path: Path | None = None
) -> Landing:
    """Score one clip, by a plan if one is there already, and measure what came out."""
    from generators.hits import EDITS
    from generators.plan_file import load_plan
    from v2m.soundtrack import soundtrack

    subject, clip, cuts, rests, flow = scene.subject, scene.clip, scene.cuts_s, scene.rests_s, scene.flow
    stem = subject.path.stem
    scored, saved = work / f"{stem}.scored.mkv", work / f"{stem}.plan.json"
    if plan_path is None:
        report = soundtrack(subject.path, scored, save_plan=saved, seed=seed, lufs=lufs, force=True)
    else:
        report = soundtrack(subject.path, scored, plan=plan_path, save_plan=saved, lufs=lufs, force=True)
    plan = load_plan(saved)
    # A section may begin where nothing is cut; what is judged is the cuts that the plan takes up.
    edits = np.array(sorted(hit.time_s for hit in plan.planned_hits if hit.kind in EDITS))
    known = sync.distance_to_nearest(edits, cuts) <= clip.frame_s if len(cuts) else np.zeros(len(edits), bool)
    planned = edits[known]

    heard = read_sound(scored)
    turned = np.roll(heard, len(heard) // 3)
    onsets = detect_onsets(heard)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="an array of events is empty")
        here = sync.evaluate(
            onsets,
            clip.duration_s,
            cuts_s=cuts,
            hits_s=planned,
            flow=flow,
            beats_s=plan.grid.beats_s,
            kinematic_beats_s=rests,
        )
        # The plan's beats against the same cuts: not only something that sounds, but the metre itself.
        metre = sync.evaluate(plan.grid.beats_s, clip.duration_s, cuts_s=cuts)
        rotated = sync.evaluate(detect_onsets(turned), clip.duration_s, cuts_s=cuts, flow=flow)
        apart = sync.well_apart(cuts)
        away = sync.distance_to_nearest(apart, onsets) if len(onsets) else np.full(len(apart), np.inf)
        sound = decode(scored)
        return Landing(
            clip=subject.name,
            style=report.music.style,
            mode=report.music.mode,
            tempo_bpm=float(np.median([plan.grid.tempo_bpm(bar) for bar in range(len(plan.grid.bars))])),
            onsets=len(onsets),
            planned_count=len(planned),
            planned_cuts=score_of(here, "hit_points"),
            apart_count=len(apart),
            apart_cuts=score_of(here, "cut_hits_apart"),
            apart_cuts_lift=lift_of(here, "cut_hits_apart"),
            beats_on_cuts=score_of(metre, "cut_hits_apart"),
            beats_on_cuts_lift=lift_of(metre, "cut_hits_apart"),
            av_align=score_of(here, "av_align"),
            av_align_lift=lift_of(here, "av_align"),
            kinematic_count=len(rests),
            kinematic_beats=score_of(here, "kinematic_beat_hits"),
            kinematic_onsets=sync.kinematic_beat_hits(onsets, rests) if len(rests) else None,
            loudness_with_motion=with_motion(heard, scene),
            rotated_apart_cuts=score_of(rotated, "cut_hits_apart"),
            rotated_apart_cuts_lift=lift_of(rotated, "cut_hits_apart"),
            rotated_av_align=score_of(rotated, "av_align"),
            rotated_av_align_lift=lift_of(rotated, "av_align"),
            rotated_loudness_with_motion=with_motion(turned, scene),
            loudness_error_lu=loudness(sound) - lufs if np.abs(sound).max(initial=0) > 0 else None,
            length_error_frames=(len(sound) / SAMPLE_RATE - clip.duration_s) / max(clip.frame_s, 1e-3),
            missed_cuts_s=tuple(round(float(t), 3) for t in apart[away > sync.CUT_TOLERANCE_S]),
        )


def with_motion(sound: NDArray[np.float32], scene: Scene) -> float | None:
    """Spearman's correlation of the sound's loudness with the picture's movement, second by second.

    None where the movement does not vary, or the clip has too few seconds.
    """
    heard = hear(sound, scene.clip.duration_s)
    # Across a cut nothing moves; what the flow says there is the change of the picture.
    moved = scene.flow.magnitude.copy()
    for cut_s in scene.cuts_s:
        moved[int(np.argmin(np.abs(scene.flow.times_s - cut_s)))] = np.nan
    motion = per_second(scene.flow.times_s, moved, scene.clip.duration_s)
    found = curves.evaluate(loudness=heard.loudness_db, motion=motion, shifts=0)
    return score_of(found, "loudness_motion")


def score_of(measures: Sequence[Measure], name: str) -> float | None:
    """The score, if the metric had anything to meet."""
    return next((m.score for m in measures if m.name == name and m.defined), None)


def lift_of(measures: Sequence[Measure], name: str) -> float | None:
    """The lift, where it is a number: nothing met by luck leaves it undefined."""
    lifts = (m.chance.lift for m in measures if m.name == name and m.chance is not None)
    return next((lift for lift in lifts if math.isfinite(lift)), None)


def decode(path: Path) -> NDArray[np.float32]:
    """The sound of a file as ffmpeg gives it, float32 `[samples, 2]` at 48 kHz."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", f"file:{path}", "-map", "0:a:0"]
    command += ["-f", "f32le", "-ac", "2", "-ar", str(SAMPLE_RATE), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2)


def loudness(sound: NDArray[np.float32]) -> float:
    """Integrated loudness (ITU-R BS.1770), LUFS, by pyloudnorm, which v2m does not mix with."""
    import pyloudnorm

    meter = pyloudnorm.Meter(SAMPLE_RATE)
    block = int(0.4 * SAMPLE_RATE) + 1
    padded = np.pad(sound, ((0, max(block - len(sound), 0)), (0, 0)))
    return float(meter.integrated_loudness(padded.astype(np.float64)))


def summary(rows: list[Landing]) -> dict[str, float]:
    """Means over clips, weighed by what there was to meet; errors as the worst case."""

    def weighed(value: str, count: str) -> float:
        pairs = [(getattr(r, value), getattr(r, count)) for r in rows if getattr(r, value) is not None]
        total = sum(n for _, n in pairs)
        return sum(v * n for v, n in pairs) / total if total else float("nan")

    def mean(value: str) -> float:
        values = [getattr(r, value) for r in rows if getattr(r, value) is not None]
        return float(np.mean(values)) if values else float("nan")

    def worst(value: str) -> float:
        return max(
            (abs(getattr(r, value)) for r in rows if getattr(r, value) is not None), default=float("nan")
        )

    return {
        "planned_cuts": weighed("planned_cuts", "planned_count"),
        "apart_cuts": weighed("apart_cuts", "apart_count"),
        "apart_cuts_lift": mean("apart_cuts_lift"),
        "beats_on_cuts": weighed("beats_on_cuts", "apart_count"),
        "beats_on_cuts_lift": mean("beats_on_cuts_lift"),
        "av_align_lift": mean("av_align_lift"),
        "kinematic_beats": weighed("kinematic_beats", "kinematic_count"),
        "av_align": mean("av_align"),
        "loudness_with_motion": mean("loudness_with_motion"),
        "rotated_apart_cuts": weighed("rotated_apart_cuts", "apart_count"),
        "loudness_error_lu": worst("loudness_error_lu"),
        "length_error_frames": worst("length_error_frames"),
    }


def met(goal: str, value: float) -> bool:
    """Errors are to stay below their goal, scores to reach it."""
    return value <= GOALS[goal] if "error" in goal else value >= GOALS[goal]


def show(rows: list[Landing], console: Console) -> None:
    """The table, and the judged numbers under it."""
    table = Table(title="Where the music lands", caption="score ×lift over chance; (n) = how many to meet")
    for heading in (
        "clip",
        "style",
        "bpm",
        "planned cuts",
        "cuts ≥ 1 s apart",
        "beats on them",
        "AV-Align",
        "rests",
        "rotated",
        "LU",
        "frames",
    ):
        table.add_column(heading, justify="left" if heading in ("clip", "style") else "right")
    for row in rows:
        table.add_row(
            row.clip,
            f"{row.style} ({row.mode})",
            f"{row.tempo_bpm:.0f}",
            _cell(row.planned_cuts, None, row.planned_count),
            _cell(row.apart_cuts, row.apart_cuts_lift, row.apart_count),
            _cell(row.beats_on_cuts, row.beats_on_cuts_lift, None),
            _cell(row.av_align, row.av_align_lift, None),
            _cell(row.kinematic_beats, None, row.kinematic_count),
            f"{_number(row.rotated_apart_cuts)} / {_number(row.rotated_av_align)}",
            "–" if row.loudness_error_lu is None else f"{row.loudness_error_lu:+.2f}",
            f"{row.length_error_frames:+.2f}",
        )
    console.print(table)
    for name, value in summary(rows).items():
        goal = GOALS.get(name)
        verdict = "" if goal is None or math.isnan(value) else ("met" if met(name, value) else "NOT MET")
        console.print(f"{name:22} {value:7.3f}" + ("" if goal is None else f"   goal {goal:g}   {verdict}"))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _cell(score: float | None, lift: float | None, count: int | None) -> str:
    if score is None:
        return "–"
    return (
        f"{score:.2f}" + ("" if lift is None else f" ×{lift:.2f}") + ("" if count is None else f" ({count})")
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.landing", description=__doc__.splitlines()[0])
    parser.add_argument(
        "places", nargs="*", type=Path, help="clips, or folders of clips, besides the made ones"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--work", type=Path, help="keep the clips and their soundtracks here")
    parser.add_argument("--height", type=int, default=360, help="lines of the made clips (default 360)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--made", nargs="*", default=list(MADE), help="which made clips (default all)")
    asked = parser.parse_args()
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        subjects = [made_clip(name, work, height=asked.height, seed=asked.seed) for name in asked.made]
        rows = []
        for subject in [*subjects, *clips_in(asked.places)]:
            progress.print(f"[dim]{subject.name}[/dim]")
            rows.append(measure(scene_of(subject), work, seed=asked.seed))
    if asked.json:
        print(json.dumps({"clips": [asdict(row) for row in rows], "summary": summary(rows)}, indent=2))
    else:
        show(rows, Console(width=160))


if __name__ == "__main__":
    main()
