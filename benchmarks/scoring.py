"""Does scoring tell music that fits from music that doesn't, and how long does it take?

`python -m benchmarks.scoring [CLIP or FOLDER ...] [--speed CLIP ...] [--json]`

Every clip gets a soundtrack of ours. It is scored where it is, rotated by a third of its length (the same
music, in the wrong place), and against a metronome at its tempo. What should fall is the lift: score over
the mean score of 60 turns in time. Intervals are bootstrapped over clips. `--speed` sets the whole
command, as a process of its own, beside decoding the same clip with ffmpeg in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, clips_in, made_clip
from benchmarks.speed import timed
from v2m.alignment.measure import Measure

MADE = ("film", "dance", "montage", "talk")
MEASURES = ("cut_hits", "av_align", "accent_alignment", "loudness_motion")
MUSIC = ("ours", "rotated", "metronome")
RESAMPLES = 4000
LIMIT = 3.0


@dataclass(frozen=True)
class Told:
    """One clip: measure → music → (score, chance level, lift or gain, p-value); None where undefined."""

    clip: str
    scores: dict[str, dict[str, tuple[float, float, float, float] | None]]


@dataclass(frozen=True)
class Speed:
    """One clip, medians over the runs; CPU seconds tell a busy machine from a slow program."""

    clip: str
    decode_s: float
    score_s: float
    ratio: float
    cpu_ratio: float
    memory_gb: float


def tell(subject: Subject, work: Path, *, seed: int = 0) -> Told:
    """Score our soundtrack of a clip, the same rotated, and a metronome."""
    import v2m
    from encoders.clip import probe
    from v2m.alignment.audio import fitted, read_sound
    from v2m.alignment.chance import metronome
    from v2m.alignment.heard import hear
    from v2m.alignment.seen import see
    from v2m.alignment.tempo import Pulse
    from v2m.scoring.measures import fit

    clip = probe(subject.path)
    sound = work / f"{subject.path.stem}.wav"
    v2m.soundtrack(subject.path, work / f"{subject.path.stem}.mkv", wav=sound, seed=seed, force=True)
    seen = see(clip)
    samples = fitted(read_sound(sound), seen.duration_s)
    ours = hear(samples, seen.duration_s)
    bpm = ours.pulse.tempo_bpm if math.isfinite(ours.pulse.tempo_bpm) else 120.0
    ticks = np.arange(0.0, seen.duration_s, 60.0 / bpm)
    music = {
        "ours": ours,
        "rotated": hear(np.roll(samples, len(samples) // 3), seen.duration_s),
        "metronome": hear(
            fitted(metronome(seen.duration_s, bpm), seen.duration_s),
            seen.duration_s,
            Pulse.of(ticks, ticks[::4], "metronome"),
        ),
    }
    scores: dict[str, dict[str, tuple[float, float, float, float] | None]] = {name: {} for name in MEASURES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for who, heard in music.items():
            found = {m.name: m for m in fit(heard, seen, None, shifts=60, seed=seed)}
            for name in MEASURES:
                scores[name][who] = _numbers(found[name])
    return Told(subject.name, scores)


def _numbers(measure: Measure) -> tuple[float, float, float, float] | None:
    chance = measure.chance
    if chance is None or not measure.defined:
        return None
    # A correlation has no lift; its gain takes that place.
    over = chance.gain if measure.task == "curves" else chance.lift
    return (measure.score, chance.mean, over, chance.p_value) if math.isfinite(over) else None


def interval(values: list[float], rng: np.random.Generator) -> tuple[float, float, float]:
    """Mean over clips, and its 95 % bootstrap interval."""
    if not values:
        return math.nan, math.nan, math.nan
    held = np.array(values)
    means = held[rng.integers(0, len(held), (RESAMPLES, len(held)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(held.mean()), float(low), float(high)


def speed(subject: Subject, work: Path, music: Path, runs: int) -> Speed:
    """Decode and score one clip, turn and turn about."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(subject.path), "-f", "null", "-"]
    command = [sys.executable, "-m", "v2m", "score", str(subject.path), "--audio", str(music), "--json"]
    decoding, scoring = [], []
    for _ in range(runs):
        decoding.append(timed(ffmpeg))
        scoring.append(timed(command))
    decode_s, decode_cpu_s = (statistics.median(run[k] for run in decoding) for k in (0, 1))
    score_s, score_cpu_s = (statistics.median(run[k] for run in scoring) for k in (0, 1))
    return Speed(
        subject.name,
        decode_s,
        score_s,
        score_s / decode_s,
        score_cpu_s / decode_cpu_s,
        max(run[2] for run in scoring),
    )


def show(rows: list[Told], speeds: list[Speed], console: Console) -> None:
    """Both tables."""
    rng = np.random.default_rng(0)
    if rows:
        table = Table(title="It tells them apart: mean over clips, 95 % interval", box=None)
        for heading in ("measure", "clips", *MUSIC, "ours beats rotated in"):
            table.add_column(heading, justify="left" if heading == "measure" else "right")
        for name in MEASURES:
            known = [row.scores[name] for row in rows if all(row.scores[name].get(who) for who in MUSIC)]
            cells = []
            for who in MUSIC:
                mean, low, high = interval([scores[who][2] for scores in known], rng)  # type: ignore[index]
                score = float(np.mean([scores[who][0] for scores in known])) if known else math.nan  # type: ignore[index]
                kind = "+" if name == "loudness_motion" else "×"
                cells.append(f"{score:.2f}, {kind}{mean:.2f} ({low:.2f} to {high:.2f})")
            better = sum(scores["ours"][2] > scores["rotated"][2] for scores in known)  # type: ignore[index]
            table.add_row(name, str(len(known)), *cells, f"{better} of {len(known)}")
        console.print(table)
    if speeds:
        table = Table(title="Whole command against decoding alone", box=None)
        for heading in ("clip", "decode s", "score s", "ratio", "CPU ratio", "limit", "peak GB"):
            table.add_column(heading, justify="left" if heading == "clip" else "right")
        for one in speeds:
            numbers = (one.decode_s, one.score_s, one.ratio, one.cpu_ratio, LIMIT, one.memory_gb)
            table.add_row(one.clip, *(f"{number:.2f}" for number in numbers))
        console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", type=Path, help="clips or folders, besides the made ones")
    parser.add_argument("--speed", nargs="*", type=Path, help="time these; a made 30-s 1080p film if none")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--work", type=Path, help="keep the clips and their soundtracks here")
    parser.add_argument("--made", nargs="*", default=list(MADE), help="which made clips (default all)")
    parser.add_argument("--runs", type=int, default=3, help="of each timing (default 3); the median counts")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        rows, speeds = [], []
        for subject in [
            *(made_clip(n, work, height=360, seed=asked.seed) for n in asked.made),
            *clips_in(asked.places),
        ]:
            progress.print(f"[dim]{subject.name}[/dim]")
            rows.append(tell(subject, work, seed=asked.seed))
        if asked.speed is not None:
            chosen = clips_in(asked.speed) or [made_clip("film", work, height=1080, duration_s=30.0)]
            music = work / "music.wav"
            write_music(music)
            speeds = [speed(subject, work, music, max(asked.runs, 1)) for subject in chosen]
    if asked.json:
        print(
            json.dumps({"clips": [asdict(r) for r in rows], "speed": [asdict(s) for s in speeds]}, indent=2)
        )
    else:
        show(rows, speeds, Console(width=150))


def write_music(path: Path) -> None:
    """Half a minute of decaying chords on a beat, since what is timed needs some music."""
    import soundfile

    rate, seconds = 48_000, 30
    at = np.arange(rate * seconds) / rate
    since = at % 0.5
    pitch = 110.0 * 2 ** (np.array([0, 3, 7, 10])[(at // 2).astype(int) % 4] / 12)
    sound = 0.3 * np.exp(-since / 0.15) * np.sin(2 * np.pi * pitch * since)
    soundfile.write(path, np.column_stack([sound, sound]).astype(np.float32), rate)


if __name__ == "__main__":
    main()
