"""The VQ-GAN's generator, measured.

    python -m benchmarks.vqgan CLIP... [--recordings FOLDER] [--record]

For every clip: the music of each generator, the clip's own, a metronome at the planned tempo, and the
VQ-GAN's with the senses of movement masked, first for the generator alone (the plan still knows them) and
then throughout. Each is judged against the clip's own music (coverage, hits, F1 as published) and
against the picture (AV-Align, motion-beat alignment), all with their lift over chance. Published numbers
stand beside them; they were got on AIST++, with music cut to two seconds, and belong in no column here.

Then a minute of music (`vqgan_long`): key and tempo of every ten seconds, spectral flux where windows meet,
speed and memory; and how far the sound is from recordings of people, if a folder of them is given. `--record`
writes what `auto` goes by (`generators/measured.py`).
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import codec as codec_bench
from benchmarks import vqgan_long
from benchmarks.clips import Subject, clips_in, made_clip
from benchmarks.music import looked_at
from benchmarks.sound_difference import Fingerprint, difference_db, fingerprint
from encoders.clip import probe
from encoders.stream import Stream, Streams
from generators.measured import MEASURED
from generators.music import Music
from generators.plan import Plan, make_plan
from generators.vqgan.play import Player, play
from generators.wishes import Wishes
from v2m.alignment import beats, motion_beats, sync
from v2m.alignment.audio import fitted, read_sound
from v2m.alignment.beats import Rhythm
from v2m.alignment.chance import metronome
from v2m.alignment.heard import hear
from v2m.alignment.measure import Measure
from v2m.alignment.seen import Seen, see
from v2m.alignment.tempo import Pulse
from v2m.render import StemBlock

MOVING = ("motion", "visual_onsets", "pose", "pose_looks", "limbs", "kinematic_beats")
"""The senses of pose and motion."""
PUBLISHED = {
    "D2M-GAN, AIST++, 2 s (its paper and others')": "coverage 87–92, hits 82–92",
    "CDCD, AIST++, 2 s": "coverage 93.9, hits 90.7",
}
LONG_S = 60.0
RATE = 48000
TONAL = slice(2, 6)  # of `sound_difference.OCTAVES_HZ`: 250 Hz to 2 kHz


@dataclass(frozen=True)
class Row:
    """One music for one clip: name → score, and name → lift where there is one."""

    clip: str
    music: str
    seed: int
    scores: dict[str, float] = field(default_factory=dict)
    lifts: dict[str, float] = field(default_factory=dict)


def masked(streams: Streams, names: Iterable[str]) -> Streams:
    """The streams with some that say nothing."""
    hushed = {
        name: Stream.silent(
            name, s.columns, s.units, s.source, s.times_s if name in ("motion", "pose", "limbs") else None
        )
        if name in names
        else s
        for name, s in streams.items()
    }
    return Streams(hushed, streams.duration_s, streams.clip_hash, streams.notes)


def judge(
    clip: str, music: str, seed: int, sound: NDArray[np.float32], seen: Seen, own: Rhythm | None, plan: Plan
) -> Row:
    """All measures of one sound under one picture."""
    sound = fitted(sound, seen.duration_s)
    known = plan.grid.beats_s[plan.grid.beats_s < seen.duration_s]
    pulse = None if music in ("its own", "metronome") else Pulse.of(known, plan.grid.downbeats_s, "plan")
    heard = hear(sound, seen.duration_s, pulse)
    found: list[Measure] = list(sync.evaluate(heard.onsets_s, seen.duration_s, flow=seen.flow))
    if seen.motion_beats is not None:
        # The sound alone is asked where its beats are: what was planned is not what is heard.
        found += motion_beats.evaluate(
            hear(sound, seen.duration_s).pulse.beats_s, seen.duration_s, body=seen.motion_beats
        )
    if own is not None:
        found += beats.evaluate(heard.rhythm, own)
    scores = {m.name: m.score for m in found if m.defined}
    lifts = {
        m.name: m.chance.lift
        for m in found
        if m.defined and m.chance is not None and math.isfinite(m.chance.lift)
    }
    return Row(clip, music, seed, scores, lifts)


def rows_of(
    path: Path, player: Player, generators: Sequence[str], seeds: int, work: Path
) -> tuple[list[Row], dict[str, list[Path]]]:
    """Every music for one clip; and generator → the files of its soundtracks."""
    clip = probe(path)
    seen, streams = see(clip), looked_at(Subject(path), work)
    own_sound = read_sound(path) if clip.has_sound else None
    own = None if own_sound is None else Rhythm.of(fitted(own_sound, seen.duration_s))
    rows, files = [], {}
    for seed in range(seeds):
        plan = make_plan(streams, Wishes(seed=seed))
        blind = masked(streams, MOVING)
        unled = make_plan(blind, Wishes(seed=seed))
        makes = {
            "vqgan, unmixed": (plan, streams),
            "vqgan, generator sees no movement": (unled_strokes(plan), blind),
            "vqgan, nobody sees movement": (unled, blind),
        }
        for music, (its_plan, told) in makes.items():
            sound = play(its_plan, told, player).samples[0]
            rows.append(judge(path.name, music, seed, sound, seen, own, its_plan))
            if seed == 0:
                vqgan_long.draw(sound, work / f"{path.stem} {music}.png", f"{path.name}: {music}")
        for name in generators:
            wav = work / f"{path.stem}.{name}.{seed}.wav"
            score_as(name, plan, streams, player, wav)
            files.setdefault(name, []).append(wav)
            rows.append(judge(path.name, name, seed, read_sound(wav), seen, own, plan))
    tempo = float(np.median([plan.grid.tempo_bpm(b) for b in range(len(plan.grid.bars))]))
    rows.append(judge(path.name, "metronome", 0, metronome(seen.duration_s, tempo), seen, own, plan))
    if own_sound is not None:
        rows.append(judge(path.name, "its own", 0, own_sound, seen, own, plan))
    return rows, files


def score_as(generator: str, plan: Plan, streams: Streams, player: Player, wav: Path) -> None:
    """The soundtrack of a generator, the way `v2m soundtrack` makes it, without the picture."""
    from generators.rhythm import compose
    from v2m.mix import MixSettings, mix
    from v2m.render import render
    from v2m.report import Run
    from v2m.soundfont import find_soundfont
    from v2m.stages import harmonised
    from v2m.waveform import wave_blocks

    blocks: Iterable[StemBlock]
    music: Music
    if generator == "vqgan":
        music = play(plan, streams, player)
        blocks = wave_blocks(music, RATE)
    else:
        music = compose(harmonised(plan, streams, Wishes(generator=generator), Run()))
        blocks = render(music, find_soundfont().path, RATE)
    silences = music.silences_s
    mix(blocks, music.voices, MixSettings(), music.duration_s, wav, desk=music.desk, silences_s=silences)


def unled_strokes(plan: Plan) -> Plan:
    """The plan with its bars and harmony, but without what it has noted of single movements."""
    from dataclasses import replace

    from generators.grid import BeatGrid

    bars = tuple(replace(bar, accents=()) for bar in plan.grid.bars)
    return replace(plan, grid=BeatGrid(bars, plan.grid.end_s), hits=())


def recordings_of(folder: Path) -> list[Fingerprint]:
    """Fingerprints of the recordings in a folder, their first half minute."""
    import soundfile
    from scipy import signal

    found = []
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".ogg", ".wav", ".flac", ".mp3")):
        sound, rate = soundfile.read(path, always_2d=True, frames=30 * 48000)
        sides = signal.resample_poly(sound.T, RATE, rate, axis=1) if rate != RATE else sound.T
        found.append(fingerprint(np.repeat(sides, 2, axis=0)[:2] if len(sides) == 1 else sides[:2], RATE))
    return found


def apart_db(files: Sequence[Path], recordings: Sequence[Fingerprint]) -> float:
    """How far soundtracks are from recordings, a mean over all pairs."""
    import soundfile

    marks = [fingerprint(soundfile.read(path, always_2d=True)[0].T, RATE) for path in files]
    return float(np.mean([difference_db(mark, other) for mark in marks for other in recordings]))


def noise_db(files: Sequence[Path], recordings: Sequence[Fingerprint]) -> float:
    """How much less high the strongest lines stand than in recordings; 0 for those that stand as high."""
    import soundfile

    marks = [fingerprint(soundfile.read(path, always_2d=True)[0].T, RATE) for path in files]
    ours, theirs = (float(np.mean([m.tone_db[TONAL] for m in some])) for some in (marks, recordings))
    return max(theirs - ours, 0.0)


def mean_rows(rows: Sequence[Row]) -> dict[str, Row]:
    """Music → means over clips and seeds; F1 is that of the two means, as published."""
    means = {}
    for music in dict.fromkeys(row.music for row in rows):
        ours = [row for row in rows if row.music == music]

        def mean(kind: str, name: str, ours: list[Row] = ours) -> float:
            known = [getattr(r, kind)[name] for r in ours if name in getattr(r, kind)]
            return float(np.mean(known)) if known else math.nan

        names = {name for row in ours for name in row.scores}
        scores = {name: mean("scores", name) for name in names}
        for variant in beats.VARIANTS:
            if f"{variant}_coverage" in scores:
                scores[f"{variant}_f1"] = beats.harmonic_mean(
                    scores[f"{variant}_coverage"], scores[f"{variant}_hits"]
                )
        means[music] = Row("all", music, 0, scores, {name: mean("lifts", name) for name in names})
    return means


def show(means: dict[str, Row], console: Console) -> None:
    """Two tables: against the picture, and against the clip's own music."""
    columns = {
        "against the picture: score (lift over chance)": ("av_align", "aistpp", "bailando"),
        "against the clips' own music: score (lift)": tuple(
            f"{variant}_{part}" for variant in beats.VARIANTS for part in ("coverage", "hits", "f1")
        ),
    }
    for title, names in columns.items():
        table = Table(title=title, title_justify="left")
        table.add_column("music")
        for name in names:
            table.add_column(name, justify="right")
        for music, row in means.items():
            table.add_row(music, *(_cell(row, name) for name in names))
        console.print(table)
    for system, said in PUBLISHED.items():
        console.print(f"published, d2mgan variant: {system}: {said}")


def _cell(row: Row, name: str) -> str:
    score, lift = row.scores.get(name, math.nan), row.lifts.get(name, math.nan)
    if math.isnan(score):
        return "–"
    return f"{score:.3f}" + ("" if math.isnan(lift) else f" ({lift:.2f})")


def long_minute(player: Player, work: Path) -> vqgan_long.Long:
    """A minute of a dancer that demos/ draws."""
    streams = looked_at(made_clip("dance", work, height=180, duration_s=LONG_S), work)
    plan = make_plan(streams, Wishes())
    found, sound = vqgan_long.measure(plan, streams, player)
    vqgan_long.draw(sound, work / "minute.png", f"a minute: {plan.style}, {plan.key}")
    return found


def player_here(weights: Path | None, codec: Path | None) -> Player:
    """What ships, or other weights."""
    from generators.vqgan.codec import load_codec
    from generators.vqgan.weights import WEIGHTS, player_of, shipped_player

    if weights is None and codec is None:
        return shipped_player()
    return player_of(weights or WEIGHTS, load_codec(codec))


def record(means: dict[str, Row], apart: dict[str, float], noise: dict[str, float], clips: int) -> None:
    """Write what `auto` goes by."""
    from encoders.whole import write_whole

    told: dict[str, Any] = {
        name: {
            "lift": round(means[name].lifts["av_align"], 3),
            "apart_db": round(far, 2),
            "noise_db": round(noise[name], 2),
            "clips": clips,
        }
        for name, far in apart.items()
    }
    text = json.dumps({"by": "python -m benchmarks.vqgan --record", "generators": told}, indent=2) + "\n"
    write_whole(MEASURED, text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="The VQ-GAN's generator, measured")
    parser.add_argument(
        "clips", type=Path, nargs="*", help="dance clips with their music; demos/ draws one if none"
    )
    parser.add_argument("--generators", nargs="*", default=["rhythm", "affective", "vqgan"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recordings", type=Path, help="recordings of people to be near to")
    parser.add_argument(
        "--rendered", type=Path, nargs="*", default=[], help="corpora to measure the codec on"
    )
    parser.add_argument("--weights", type=Path, help="other weights of the generator")
    parser.add_argument("--codec", type=Path, help="other weights of the codec")
    parser.add_argument("--work", type=Path, help="where soundtracks and spectrograms are kept")
    parser.add_argument("--json", type=Path, help="all numbers")
    parser.add_argument("--no-minute", action="store_true", help="without the minute of music")
    parser.add_argument("--record", action="store_true", help="write what auto goes by")
    given = parser.parse_args()
    if given.record and given.recordings is None:
        raise SystemExit("--record wants --recordings to measure the sound against")
    console = Console(width=170)
    player = player_here(given.weights, given.codec)
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        paths = [s.path for s in clips_in(given.clips)] or [
            made_clip("dance", work, height=240, duration_s=12.0).path
        ]
        rows: list[Row] = []
        files: dict[str, list[Path]] = {}
        for path in paths:
            found, made = rows_of(path, player, given.generators, given.seeds, work)
            rows += found
            for name, wavs in made.items():
                files.setdefault(name, []).extend(wavs)
        means = mean_rows(rows)
        show(means, console)
        told: dict[str, Any] = {
            "rows": [asdict(row) for row in rows],
            "means": {n: asdict(r) for n, r in means.items()},
        }
        if given.recordings is not None:
            recordings = recordings_of(given.recordings)
            apart = {name: apart_db(wavs, recordings) for name, wavs in files.items()}
            among = [difference_db(a, b) for i, a in enumerate(recordings) for b in recordings[:i]]
            console.print("decibels from recordings: " + ", ".join(f"{n} {d:.2f}" for n, d in apart.items())
                          + f"; recordings among themselves {np.mean(among):.2f}")  # fmt: skip
            noise = {name: noise_db(wavs, recordings) for name, wavs in files.items()}
            console.print(
                "decibels more noise between tones: " + ", ".join(f"{n} {d:.2f}" for n, d in noise.items())
            )
            told |= {"apart_db": apart, "noise_db": noise}
            if given.record:
                record(means, apart, noise, len(paths))
        if not given.no_minute:
            minute = long_minute(player, work)
            told["minute"] = asdict(minute)
            for name, value in asdict(minute).items():
                console.print(f"minute: {name} {value}")
        if given.rendered or given.recordings is not None:
            told["codec"] = codec_bench.report(player.codec, given.rendered, given.recordings, console)
        if given.json is not None:
            given.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
