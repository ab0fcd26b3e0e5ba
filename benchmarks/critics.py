"""Do the critics help? `python -m benchmarks.critics [--seeds 20] [--heard SEEDS] [--rounds N] [--json]`

Every made clip (`demos/`, 20 s of each) is looked at once; with each seed it is planned and composed as
`v2m soundtrack` does it, and the critics set to work. What is told:

* the reward before and after, and every term of it, taken anew with 60 turns that the critics have not seen;
* *best of 4*: what candidates do alone, the best of four seeds in place of the first, with no critic;
* what each critic asked for, and how much of it was kept;
* the time it takes, in seconds of one core, beside planning and composing once;
* `--heard`: the same music rendered and mixed before and after, for so many seeds, and measured as it
  sounds: numbers that no critic saw. Besides, how well loudness is told from notes: rank correlation over
  the seconds of a piece.

All differences are paired; the 95 % intervals are of a bootstrap that draws clips, and for each of them its
seeds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.clips import made_clip
from benchmarks.music import MADE, looked_at
from benchmarks.seeds import interval
from encoders.stream import Streams
from generators.music import SymbolicMusic
from v2m.critics.brief import Brief

SHIFTS, SEED = 60, 1
CANDIDATES = 4


def measured(
    streams: Streams, seeds: Iterable[int], rounds: int, heard: int, work: Path
) -> Iterator[dict[str, Any]]:
    """A row a seed: terms before and after, entries of the log, seconds of one core."""
    from generators.plan import make_plan
    from generators.rhythm import compose
    from generators.wishes import Wishes
    from v2m.critics.assessment import assess
    from v2m.critics.brief import make_brief
    from v2m.critics.reward import reward, terms
    from v2m.critics.rounds import improve

    for seed in seeds:
        started = time.process_time()
        plan = make_plan(streams, Wishes(seed=seed))
        music = compose(plan)
        composed = time.process_time()
        brief = make_brief(plan, streams)
        made = improve(plan, music, brief, rounds=rounds)
        ended = time.process_time()
        before = terms(assess(music, plan, brief, shifts=SHIFTS, seed=SEED))
        after = terms(assess(made.music, made.plan, brief, shifts=SHIFTS, seed=SEED))
        row: dict[str, Any] = {
            "seed": seed,
            "before": before | {"reward": reward(before)},
            "after": after | {"reward": reward(after)},
            "asked": Counter(entry.critic for entry in made.log.entries),
            "kept": Counter(entry.critic for entry in made.log.kept),
            "composing_s": composed - started,
            "critics_s": ended - composed,
        }
        if seed < heard:
            row["heard"] = {
                "before": sounding(music, brief, work),
                "after": sounding(made.music, brief, work),
            }
        yield row


def sounding(music: SymbolicMusic, brief: Brief, work: Path) -> dict[str, float]:
    """What the rendered music measures, and how well its loudness was told from the notes."""
    from v2m.alignment import affect, curves, local
    from v2m.alignment.audio import read_sound
    from v2m.alignment.balance import level_db, together_db
    from v2m.alignment.heard import hear
    from v2m.alignment.measure import quiet
    from v2m.critics.assessment import notes_of
    from v2m.mix import MixSettings, mix
    from v2m.render import render
    from v2m.soundfont import find_soundfont

    wav = work / "heard.wav"
    blocks = render(music, find_soundfont(None).path, 48000)
    mix(blocks, music.voices, MixSettings(), music.duration_s, wav, desk=music.desk, work_dir=work)
    sound = hear(read_sound(wav), brief.duration_s)
    with quiet():
        found = {
            m.name: m.score
            for m in (
                *curves.evaluate(
                    loudness=sound.loudness_db, density=sound.density, motion=brief.motion, shifts=0
                ),
                *affect.evaluate(
                    sound=sound.affect,
                    valence=brief.feelings["valence"],
                    arousal=brief.feelings["arousal"],
                    shifts=0,
                ),
            )
        }
        found["accent_alignment"] = local.accent_alignment(
            sound.attacks.times_s,
            brief.accents.times_s,
            onset_strengths=sound.attacks.strengths,
            accent_strengths=brief.accents.strengths,
        )
        levels = [
            level_db(notes_of(track, voice.is_drum), voice.gain_db, brief.seconds)
            for voice, track in zip(music.voices, music.score.tracks, strict=True)
        ]
        found["loudness_told"] = curves.spearman(together_db(np.array(levels)), sound.loudness_db)
    return found


def differences(clips: Sequence[list[dict[str, Any]]], name: str) -> NDArray[np.float64]:
    """After less before of one term, `[clips, seeds, 2]` with weights of 1."""
    rows = [[(row["after"][name] - row["before"][name], 1.0) for row in clip] for clip in clips]
    return np.array(rows, dtype=np.float64)


def best_of(clips: Sequence[list[dict[str, Any]]], count: int) -> NDArray[np.float64]:
    """What the best of `count` seeds has over the first of them, as `differences`; seeds are used once."""
    rows = []
    for clip in clips:
        rewards = [row["before"]["reward"] for row in clip]
        groups = [rewards[k : k + count] for k in range(0, len(rewards) - count + 1, count)]
        rows.append([(max(group) - group[0], 1.0) for group in groups])
    return np.array(rows, dtype=np.float64)


def summary(clips: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Everything that is told."""
    rows = list(clips.values())
    flat = [row for clip in rows for row in clip]
    gained = differences(rows, "reward")
    told: dict[str, Any] = {
        "pieces": len(flat),
        "reward_before": float(np.mean([row["before"]["reward"] for row in flat])),
        "reward_after": float(np.mean([row["after"]["reward"] for row in flat])),
        "gain": interval(gained),
        "higher": float(np.mean(gained[..., 0] > 0)),
        "lower": float(np.mean(gained[..., 0] < 0)),
        "by_clip": {
            name: float(np.mean(differences([clip], "reward")[..., 0])) for name, clip in clips.items()
        },
        "terms": {name: interval(differences(rows, name)) for name in flat[0]["before"] if name != "reward"},
        "asked": dict(sum((Counter(row["asked"]) for row in flat), Counter())),
        "kept": dict(sum((Counter(row["kept"]) for row in flat), Counter())),
        "composing_s": float(np.median([row["composing_s"] for row in flat])),
        "critics_s": float(np.median([row["critics_s"] for row in flat])),
    }
    if len(rows[0]) >= CANDIDATES:
        told["best_of"] = interval(best_of(rows, CANDIDATES))
    sounded = [row["heard"] for row in flat if "heard" in row]
    if sounded:
        told["heard_pieces"] = len(sounded)
        names = list(sounded[0]["before"])
        told["heard"] = {
            name: (
                float(np.nanmean([pair["before"][name] for pair in sounded])),
                float(np.nanmean([pair["after"][name] for pair in sounded])),
            )
            for name in names
        }
    return told


def show(told: dict[str, Any], console: Console) -> None:
    """Print it."""
    console.print(
        f"{told['pieces']} pieces: reward {told['reward_before']:+.3f} to {told['reward_after']:+.3f}, "
        f"gain {_cell(told['gain'])}; higher in {told['higher']:.0%}, lower in {told['lower']:.0%}"
    )
    if "best_of" in told:
        console.print(f"best of {CANDIDATES} seeds without critics: gain {_cell(told['best_of'])}")
    console.print("by clip: " + ", ".join(f"{name} {gain:+.3f}" for name, gain in told["by_clip"].items()))
    console.print(
        f"seconds of one core, median: {told['composing_s']:.2f} to plan and compose, "
        f"{told['critics_s']:.2f} for the critics"
    )
    table = Table(title="Terms of the reward, after less before", box=None)
    for heading in ("term", "difference"):
        table.add_column(heading)
    for name, found in told["terms"].items():
        table.add_row(name, _cell(found))
    console.print(table)
    asked = told["asked"]
    console.print(
        "kept: " + ", ".join(f"{name} {told['kept'].get(name, 0)} of {asked[name]}" for name in asked)
    )
    for name, (before, after) in told.get("heard", {}).items():
        console.print(f"heard, {told['heard_pieces']} pieces: {name} {before:+.3f} to {after:+.3f}")


def _cell(found: tuple[float, float, float]) -> str:
    return "{:+.3f} ({:+.3f} to {:+.3f})".format(*found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.critics", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--rounds", type=int, default=2, help="of critics (default 2)")
    parser.add_argument("--heard", type=int, default=0, help="seeds that are rendered too (default none)")
    parser.add_argument("--made", nargs="*", default=list(MADE), help="which made clips (default all)")
    parser.add_argument("--height", type=int, default=180, help="lines of the made clips (default 180)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each (default 20)")
    parser.add_argument("--work", type=Path, help="keep the clips and what was seen in them here")
    parser.add_argument(
        "--join", nargs="+", type=Path, help="tell what runs with --json gave, each of other clips, together"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    if asked.join:
        clips = {}
        for path in asked.join:
            clips |= json.loads(path.read_text())["clips"]
        # Of runs that were broken off, as many seeds as all have.
        fewest = min(map(len, clips.values()))
        clips = {name: rows[:fewest] for name, rows in clips.items()}
        show(summary(clips), Console(width=120))
        return
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        clips = {}
        for name in asked.made:
            streams = looked_at(made_clip(name, work, height=asked.height, duration_s=asked.seconds), work)
            progress.print(f"[dim]{name}[/dim]")
            clips[name] = list(measured(streams, range(asked.seeds), asked.rounds, asked.heard, work))
    told = summary(clips)
    if asked.json:
        print(json.dumps({"summary": told, "clips": clips}, indent=2))
    else:
        show(told, Console(width=120))


if __name__ == "__main__":
    main()
