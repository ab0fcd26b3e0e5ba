"""How do the styles sound, and what do they cost? `python -m benchmarks.sound [WAV ...] [--json]`

Every style plays the same half minute: four sections, from sparse to full, with hits between. The
notes are rendered twice, as the style asks and all of them through the SoundFont, in CPU seconds of one
process, so that a busy machine slows both; then they are mixed, and the mix is measured. What a style
gains by its synthesizer and its desk is seen against the same notes through the SoundFont and a plain
desk (`NAME, sampled`). Recordings named on the command line are measured beside them. `--work FOLDER`
keeps the mixes, and a spectrogram of each. `--apart SEEDS` tells instead how far apart the styles sound
(`sound_difference`), beside how far apart so many seeds of one style do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table
from scipy import signal

from benchmarks.sound_descriptors import OCTAVES_HZ, Descriptors, describe
from benchmarks.sound_difference import Fingerprint, difference_db, fingerprint
from generators.curves import Curves
from generators.desk import Desk, Strip
from generators.form import Section
from generators.grid import Bar, BeatGrid
from generators.hits import Hit
from generators.key import Key
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose
from generators.style import load_style, style_names
from v2m.mix import MixSettings, mix
from v2m.render import StemBlock, render
from v2m.soundfont import find_soundfont

RATE = 48000
BARS = 16
FULLNESS = (0.15, 0.45, 0.75, 0.98)  # of the four sections
LONGEST_RECORDING_S = 60.0
SAMPLED = ", sampled"


@dataclass(frozen=True)
class Making:
    """What a style took to play.

    Attributes:
        voices, synthesised: how many there are, and how many of them the synthesizer plays.
        render_cpu_s, sampled_cpu_s, mix_cpu_s: as the style asks; all through the SoundFont; the mix.
        limited_db: the most the limiter took away.
    """

    voices: int
    synthesised: int
    render_cpu_s: float
    sampled_cpu_s: float
    mix_cpu_s: float
    limited_db: float


@dataclass(frozen=True)
class Row:
    """One style, or one recording, which was not made here: its name, its length, how it sounds."""

    name: str
    duration_s: float
    heard: Descriptors
    making: Making | None = None


def plan_of(style: str, seed: int, count: int = BARS) -> Plan:
    """`count` bars (a multiple of four) at a middling tempo of the style, without a picture."""
    read = load_style(style)
    beats = read.metres[0]
    beat_s = 60.0 / float(np.mean(read.tempo_bpm))
    bars = tuple(Bar(tuple((b * beats + k) * beat_s for k in range(beats)), 4) for b in range(count))
    grid = BeatGrid(bars, count * beats * beat_s)
    quarter = count // len(FULLNESS)
    full = tuple(level for level in FULLNESS for _ in range(quarter))
    key, labels = Key(9, "minor"), "ABAC"
    sections = tuple(
        Section(labels[i], "theme", i * quarter, (i + 1) * quarter, labels[:i].count(labels[i]), key, level)
        for i, level in enumerate(FULLNESS)
    )
    struck = [(i * quarter, 0, 0.9, "section") for i in range(len(FULLNESS))]
    struck += [(i * quarter + quarter // 2, 4, 0.6, "cut") for i in range(len(FULLNESS))]
    hits = tuple(
        Hit(grid.slot_time_s(bar, slot), kind, weight, True, grid.slot_time_s(bar, slot), bar, slot)
        for bar, slot, weight, kind in struck
    )
    level = (0.1,) * count
    curves = Curves(full, full, level, level, level)
    mode = max(read.suits, key=lambda m: read.suits[m])
    end_s = grid.end_s + 0.5
    return Plan(end_s, mode, style, key, grid, sections, hits, curves, bars[-1].start_s, seed, "no clip")


def rendered(music: SymbolicMusic) -> tuple[list[StemBlock], float]:
    """The stems, and the CPU seconds they took."""
    started = time.process_time()
    blocks = list(render(music, find_soundfont().path, RATE))
    return blocks, time.process_time() - started


def measure(style: str, seed: int, work: Path) -> list[Row]:
    """Play one style and measure its mix; and, if the synthesizer plays in it, without."""
    music = compose(plan_of(style, seed))
    voices = tuple(replace(voice, synth="", strip=Strip()) for voice in music.voices)
    plain = replace(music, voices=voices, desk=Desk())
    sampled, sampled_cpu_s = rendered(plain)
    blocks, render_cpu_s = rendered(music)
    rows = [mixed(style, music, blocks, render_cpu_s, sampled_cpu_s, work)]
    if any(voice.synth for voice in music.voices):
        rows.append(mixed(style + SAMPLED, plain, sampled, sampled_cpu_s, sampled_cpu_s, work))
    return rows


def mixed(
    name: str,
    music: SymbolicMusic,
    blocks: list[StemBlock],
    render_cpu_s: float,
    sampled_cpu_s: float,
    work: Path,
) -> Row:
    """Mix stems, and measure the mix."""
    started = time.process_time()
    path = work / f"{name}.wav"
    made = mix(blocks, music.voices, MixSettings(), music.duration_s, path, desk=music.desk)
    mix_cpu_s = time.process_time() - started
    sound, _ = soundfile.read(path, always_2d=True)
    synthesised = sum(bool(voice.synth) for voice in music.voices)
    making = Making(len(music.voices), synthesised, render_cpu_s, sampled_cpu_s, mix_cpu_s, made.limited_db)
    return Row(name, music.duration_s, describe(sound.T, RATE), making)


def recorded(path: Path) -> Row:
    """Measure a recording, its first minute, in stereo at 48 kHz."""
    sound, rate = soundfile.read(path, always_2d=True)
    sound = sound[: int(LONGEST_RECORDING_S * rate)].T
    sound = np.repeat(sound, 2, axis=0) if len(sound) == 1 else sound[:2]
    if rate != RATE:
        sound = signal.resample_poly(sound, RATE, rate, axis=1)
    return Row(path.stem, sound.shape[1] / RATE, describe(sound, RATE))


def heard_as(style: str, seed: int, work: Path, count: int = BARS) -> Fingerprint:
    """The fingerprint of a style's mix."""
    music = compose(plan_of(style, seed, count))
    path = work / f"{style}-{seed}.wav"
    mix(render(music, find_soundfont().path, RATE), music.voices, MixSettings(), music.duration_s, path,
        desk=music.desk)  # fmt: skip
    sound, _ = soundfile.read(path, always_2d=True)
    return fingerprint(sound.T, RATE)


@dataclass(frozen=True)
class Apart:
    """How far apart styles sound, in decibels of `difference_db`.

    Attributes:
        seeds: style → by how much each two of its seeds differ.
        styles: (style, style), sorted → by how much each piece of one differs from each of the other.
    """

    seeds: dict[str, tuple[float, ...]]
    styles: dict[tuple[str, str], tuple[float, ...]]

    def alike(self) -> list[tuple[str, str]]:
        """Pairs of styles whose nearest pieces are no farther apart than the farthest two of either style."""
        return [
            (one, other)
            for (one, other), between in self.styles.items()
            if min(between) <= max(*self.seeds[one], *self.seeds[other])
        ]


def how_far_apart(styles: Sequence[str], seeds: int, work: Path, count: int = BARS) -> Apart:
    """Play each style with each of so many seeds (two or more), and compare all of them."""
    heard = {name: [heard_as(name, seed, work, count) for seed in range(seeds)] for name in sorted(styles)}
    return Apart(
        {
            name: tuple(difference_db(a, b) for a, b in combinations(pieces, 2))
            for name, pieces in heard.items()
        },
        {
            (one, other): tuple(difference_db(a, b) for a, b in product(heard[one], heard[other]))
            for one, other in combinations(sorted(heard), 2)
        },
    )


def show_apart(apart: Apart, console: Console) -> None:
    """A row a style: the least difference from each other one; on the diagonal, the most among its seeds."""
    table = Table(title="How far apart styles sound, dB (in brackets: seeds of one style)")
    names = sorted(apart.seeds)
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for one in names:
        between = [apart.styles.get((min(one, other), max(one, other))) for other in names]
        own = f"({max(apart.seeds[one]):.1f})"
        table.add_row(one, *(own if them is None else f"{min(them):.1f}" for them in between))
    console.print(table)
    console.print("alike: " + (", ".join(f"{a} and {b}" for a, b in apart.alike()) or "none"))


def draw(row: Row, work: Path) -> None:
    """A spectrogram of a style's mix, beside it."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    sound, _ = soundfile.read(work / f"{row.name}.wav", always_2d=True)
    hz, times, power = signal.spectrogram(sound.mean(axis=1), RATE, nperseg=4096, noverlap=3072)
    db = 10 * np.log10(power + 1e-14)
    figure, axes = plt.subplots(figsize=(15, 4), layout="constrained")
    axes.pcolormesh(times, hz[1:], db[1:], vmin=db.max() - 80, vmax=db.max(), cmap="magma", rasterized=True)
    axes.set(yscale="log", ylim=(30, 20000), xlabel="seconds", ylabel="Hz", title=row.name)
    figure.savefig(work / f"{row.name}.png", dpi=90)
    plt.close(figure)


def show(rows: list[Row], console: Console) -> None:
    """Two tables: the cost, and the sound."""
    cost = Table(title="CPU seconds: as the style asks, all through the SoundFont, the mix")
    for heading in ("style", "s", "voices", "synth", "render", "× real time", "SoundFont", "mix"):
        cost.add_column(heading, justify="left" if heading == "style" else "right")
    for row in rows:
        made = row.making
        if made is not None and not row.name.endswith(SAMPLED):
            cost.add_row(
                row.name, f"{row.duration_s:.1f}", str(made.voices), str(made.synthesised),
                f"{made.render_cpu_s:.2f}", f"{row.duration_s / made.render_cpu_s:.0f}",
                f"{made.sampled_cpu_s:.2f}", f"{made.mix_cpu_s:.2f}",
            )  # fmt: skip
    console.print(cost)
    sound = Table(title="The sound: balance in decibels against the loudest octave")
    headings = ("", "LUFS", "dBTP", "PLR", "limiter", "tilt", "corr", "low", "DC", "clicks", "silent")
    for heading in (*headings, *(f"{hz:g}" for hz in OCTAVES_HZ)):
        sound.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        d = row.heard
        sound.add_row(
            row.name[:28], f"{d.lufs:.1f}", f"{d.true_peak_dbtp:.1f}", f"{d.plr_db:.1f}",
            "" if row.making is None else f"{row.making.limited_db:.1f}", f"{d.tilt_db:.1f}",
            f"{d.correlation:.2f}", f"{d.low_correlation:.2f}", f"{d.dc:.0e}", str(d.clicks),
            f"{d.silent_s:.2f}", *(f"{b:.0f}" for b in d.balance_db),
        )  # fmt: skip
    console.print(sound)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sound", description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="*", type=Path, help="measured beside the styles")
    parser.add_argument("--style", action="append", help="only this one (may be repeated)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--apart", type=int, metavar="SEEDS", help="compare styles, with so many seeds each")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--work", type=Path, help="keep the mixes and their spectrograms here")
    asked = parser.parse_args()
    if asked.apart is not None and asked.apart < 2:
        parser.error("--apart compares seeds: give 2 or more")
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        styles = asked.style or style_names()
        if asked.apart is not None:
            show_apart(how_far_apart(styles, asked.apart, work), Console(width=190))
            return
        rows = [row for style in styles for row in measure(style, asked.seed, work)]
        for row in rows if asked.work else ():
            draw(row, work)
        rows += [recorded(path) for path in asked.recordings]
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows, Console(width=190))


if __name__ == "__main__":
    main()
