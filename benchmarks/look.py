"""Pictures to look at in place of listening. `python -m benchmarks.look --work FOLDER [CLIP ...]`

For each clip and style one PNG: the piano roll (a colour a voice, drums below as strokes, chords above,
sections, hits), how dense and how loud the plan asks each bar to be, and the spectrogram of the mix beside
which it stands. Beside each PNG is the WAV of the mix. Made clips unless some are named.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import signal

from benchmarks.clips import Subject, clips_in, made_clip
from benchmarks.music import looked_at
from generators.music import SymbolicMusic
from generators.plan import Plan, make_plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.harmony import harmonise
from generators.rhythm.timeline import Timeline
from generators.style import load_style
from generators.wishes import Wishes
from v2m.mix import MixSettings, mix
from v2m.render import render
from v2m.soundfont import find_soundfont

RATE = 48000
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
LONGEST_S = 24.0
MADE = ("film", "dance", "talk")
STYLES = ("cinematic", "electronic", "lofi", "piano")
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f")
DRUM_LINE = 20  # where drums are drawn, in place of a pitch


def draw_roll(axes: Axes, plan: Plan, music: SymbolicMusic, until_s: float) -> None:
    """Notes, chords, sections and hits."""
    drawn = 0
    for track, voice in zip(music.score.tracks, music.voices, strict=True):
        notes = track.notes.numpy()
        early = notes["time"] < until_s
        if not early.any():
            continue
        if voice.is_drum:
            rows = {key: k for k, key in enumerate(np.unique(notes["pitch"]))}
            at = [DRUM_LINE - 1.3 * (rows[int(p)] % 7) for p in notes["pitch"][early]]
            axes.scatter(notes["time"][early], at, s=notes["velocity"][early] / 8, c="black", linewidths=0)
            continue
        colour = COLOURS[drawn % len(COLOURS)]
        drawn += 1
        loud = notes["velocity"][early] / 127
        axes.hlines(
            notes["pitch"][early], notes["time"][early], (notes["time"] + notes["duration"])[early],
            colors=[(*_rgb(colour), 0.35 + 0.65 * v) for v in loud], linewidth=3.2,
        )  # fmt: skip
        axes.plot([], [], color=colour, label=f"{voice.name} ({voice.role})")
    line = Timeline(plan)
    for span in harmonise(line, read_band(load_style(plan.style))).spans:
        at = line.seconds(span.start)
        if at < until_s:
            bass = "" if span.chord.bass == span.chord.root else f"/{NAMES[span.chord.bass]}"
            axes.text(at, 100, f"{NAMES[span.chord.root]}{span.chord.quality}{bass}", fontsize=7, rotation=45)
    for b in plan.grid.bars:
        axes.axvline(b.start_s, color="#00000022", linewidth=0.8)
    for section in plan.sections:
        at = plan.grid.bars[section.start_bar].start_s
        if at >= until_s:
            continue
        axes.axvline(at, color="#000000", linewidth=1.0, linestyle="--")
        axes.text(at, 11, f" {section.label} {section.energy:.2f}", fontsize=8)
    for hit in plan.planned_hits:
        axes.plot(hit.played_s, 9, "v", color="red", markersize=3 + 5 * hit.weight)
    axes.set(xlim=(0, until_s), ylim=(7, 106), ylabel="MIDI pitch")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def draw(plan: Plan, music: SymbolicMusic, wav: Path, png: Path) -> None:
    """One PNG of a piece and its mix, the first `LONGEST_S` of it."""
    until_s = min(plan.duration_s, LONGEST_S)
    figure = Figure(figsize=(20, 13), layout="constrained")
    roll, curves, sound = figure.subplots(3, 1, height_ratios=[6, 1, 3], sharex=True)
    draw_roll(roll, plan, music, until_s)
    roll.set_title(png.stem)
    starts = [bar.start_s for bar in plan.grid.bars]
    for name in ("density", "loudness", "tension"):
        curves.step(starts, getattr(plan.curves, name), where="post", label=name)
    curves.legend(fontsize=7, loc="upper right")
    curves.set_ylim(0, 1)
    samples, _ = soundfile.read(wav, always_2d=True, stop=int(until_s * RATE))
    hz, times, power = signal.spectrogram(samples.mean(axis=1), RATE, nperseg=4096, noverlap=3072)
    db = 10 * np.log10(power + 1e-14)
    sound.pcolormesh(times, hz[1:], db[1:], vmin=db.max() - 80, vmax=db.max(), cmap="magma", rasterized=True)
    sound.set(yscale="log", ylim=(30, 20000), xlabel="seconds", ylabel="Hz")
    figure.savefig(png, dpi=80)


def look(subject: Subject, style: str, seed: int, work: Path) -> Path:
    """Plan, compose, play and draw one piece."""
    plan = make_plan(looked_at(subject, work), Wishes(style=style, seed=seed))
    music = compose(plan)
    wav = work / f"{subject.path.stem}.{style}.wav"
    blocks = render(music, find_soundfont().path, RATE)
    mix(list(blocks), music.voices, MixSettings(), music.duration_s, wav, desk=music.desk)
    draw(plan, music, wav, wav.with_suffix(".png"))
    return wav.with_suffix(".png")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.look", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("clips", nargs="*", type=Path, help="clips or folders; made clips if none")
    parser.add_argument("--styles", nargs="*", default=list(STYLES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True, help="keep the clips, mixes and pictures here")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    subjects = clips_in(asked.clips) or [
        made_clip(name, asked.work, height=180, duration_s=60.0) for name in MADE
    ]
    for subject in subjects:
        for style in asked.styles:
            print(look(subject, style, asked.seed, asked.work))


if __name__ == "__main__":
    main()
