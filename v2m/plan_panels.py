"""A plan, and the music composed on it, as panels of a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams
from v2m import panels as p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from generators.music import SymbolicMusic
    from generators.plan import Plan

_ROLE_COLOURS = {
    "drums": p.SOFT,
    "bass": p.BLUE,
    "chords": p.SAND,
    "pad": p.FAINT,
    "melody": p.RED,
    "counter": p.PLUM,
    "arpeggio": p.TEAL,
    "accents": p.AMBER,
}
_SECTION_COLOURS = {"A": "#cfdfe6", "B": "#f0ddc0", "C": "#d8e3d0", "D": "#e6d3e2", "E": "#eed2cb"}
# The voices one listens for are drawn last, over the others.
_DRAWING_ORDER = ("pad", "chords", "arpeggio", "bass", "counter", "accents", "melody")
_LABEL_ORDER = ("melody", "counter", "arpeggio", "accents", "chords", "pad", "bass", "drums")
_DRUM_LINES, _DRUM_STEP = 6, 2.2


def draw_hits(axes: Axes, plan: Plan) -> None:
    """Every instant the music could meet: filled where it is played, hollow where it is held back under
    words, hollow and faint where it was let go.
    """
    axes.set_ylim(0, 1)
    held = plan.held_back_hits
    p.name_panel(axes, "hits", "met / held back / let go" if held else "met / let go")
    for hit in plan.hits:
        edit = hit.kind in ("section", "cut", "fade")
        colour = p.RED if edit else p.BLUE
        axes.plot(
            hit.played_s if hit.planned else hit.time_s,
            0.62 if edit else 0.18,
            marker="D" if edit else "o",
            ms=(7.5 if edit else 3.0) + (2.5 if hit.kind == "section" else 0.0),
            mfc=colour if hit.planned and hit not in held else p.PAPER,
            mec=colour if hit.planned else p.FAINT,
            mew=1.2 if edit else 0.8,
        )


def draw_sections(axes: Axes, plan: Plan) -> None:
    """The form: each section a block, in the colour of its theme."""
    axes.set_ylim(0, 1)
    p.name_panel(axes, "form")
    for section in plan.sections:
        start = max(0.0, plan.grid.bars[section.start_bar].start_s)
        end = min(plan.duration_s, plan.grid.bar_end_s(section.end_bar - 1))
        colour = _SECTION_COLOURS.get(section.label, p.HAIR)
        axes.axvspan(start, end, color=colour, lw=0)
        axes.plot([start, start], [0, 1], color=p.PAPER, lw=2)
        room_px = (end - start) / plan.duration_s * p.strip_width_px()
        text = section.title
        if room_px > 170:
            text += f"   {section.role}, {section.key}"
        elif room_px > 90 and section.role != "theme":
            text += f"   {section.role}"
        if room_px > 18:
            axes.text(
                start + 9 / p.strip_width_px() * plan.duration_s,
                0.5,
                text,
                va="center",
                color=p.INK,
                fontsize=12 if room_px > 60 else 10,
                clip_on=True,
            )


def draw_silences(axes: Axes, plan: Plan) -> None:
    """Where the music is meant to be silent: hatched, over whatever the panel shows."""
    for silence in plan.silences:
        axes.axvspan(silence.start_s, silence.end_s, fc="none", ec=p.SOFT, hatch="////", lw=0.6)


def draw_bars(axes: Axes, plan: Plan) -> None:
    """Bar lines with their numbers, beats, and below them the accents that the picture asks for."""
    axes.set_ylim(0, 1)
    p.name_panel(axes, "bars", "accents below")
    px_per_s = p.strip_width_px() / plan.duration_s
    downbeats, beats = plan.grid.downbeats_s, plan.grid.beats_s
    if len(beats) and px_per_s * plan.duration_s / len(beats) >= 6:
        axes.vlines(beats, 0.30, 0.52, color=p.FAINT, lw=0.8)
    axes.vlines(downbeats, 0.30, 0.66, color=p.INK, lw=1.0 if len(downbeats) < 200 else 0.4)
    every = next(
        n for n in (1, 2, 4, 8, 16, 32, 64, 128, 1 << 20) if n * p.strip_width_px() / len(downbeats) >= 26
    )
    for bar in range(0, len(downbeats), every):
        axes.text(downbeats[bar], 0.72, str(bar + 1), ha="center", va="bottom", color=p.SOFT, fontsize=9)
    accents = [a for bar in plan.grid.bars for a in bar.accents]
    if accents:
        times_s = np.array([a.time_s for a in accents])
        weights = np.array([a.weight for a in accents])
        axes.vlines(times_s, 0.22 - 0.22 * np.clip(0.25 + weights, 0, 1), 0.22, color=p.AMBER, lw=1.2)


def draw_roll(axes: Axes, music: SymbolicMusic) -> None:
    """Every note, coloured by its role; drums on lines of their own at the foot."""
    from matplotlib.collections import PolyCollection

    p.name_panel(axes, "music", "a colour a role")
    pitched = [
        (voice.role, track.notes.numpy())
        for voice, track in zip(music.voices, music.score.tracks, strict=True)
        if not voice.is_drum
    ]
    drums = [
        track.notes.numpy()
        for voice, track in zip(music.voices, music.score.tracks, strict=True)
        if voice.is_drum
    ]
    pitches = np.concatenate([notes["pitch"] for _, notes in pitched] or [np.zeros(0)])
    if not len(pitches) and not any(len(notes["time"]) for notes in drums):
        p.silent(axes, "no notes")
        return
    low = int(pitches.min()) - 2 if len(pitches) else 48
    high = int(pitches.max()) + 2 if len(pitches) else 72
    foot = low - _DRUM_LINES * _DRUM_STEP - 1 if drums else low
    axes.set_ylim(foot, high)
    for octave in range(0, 128, 12):
        if low <= octave <= high:
            axes.axhline(octave - 0.5, color=p.HAIR, lw=0.8, zorder=0)
            axes.text(
                0.002,
                octave - 0.4,
                f"C{octave // 12 - 1}",
                transform=axes.get_yaxis_transform(),
                ha="left",
                va="bottom",
                color=p.FAINT,
                fontsize=7.5,
            )
    if drums:
        axes.axhspan(foot, low - 1, color=p.HAIR, alpha=0.35, lw=0, zorder=0)
    shortest_s = 2.5 / p.strip_width_px() * music.duration_s
    for role in sorted({role for role, _ in pitched}, key=_DRAWING_ORDER.index):
        boxes, alphas = [], []
        for notes in (notes for its_role, notes in pitched if its_role == role):
            boxes.append(_boxes(notes["time"], notes["duration"], notes["pitch"], shortest_s))
            alphas.append(notes["velocity"])
        loud = 0.35 + 0.65 * np.concatenate(alphas) / 127
        colours = _faded(_ROLE_COLOURS[role], loud)
        axes.add_collection(PolyCollection(list(np.concatenate(boxes)), facecolors=colours, lw=0))
    for notes in drums:
        lines = np.unique(notes["pitch"], return_inverse=True)[1] % _DRUM_LINES
        heights = np.asarray(foot + 1.2 + lines * _DRUM_STEP, dtype=np.float64)
        boxes_ = _boxes(notes["time"], np.zeros(len(heights)), heights, 1.4 * shortest_s)
        loud = 0.25 + 0.75 * notes["velocity"] / 127
        axes.add_collection(
            PolyCollection(list(boxes_), facecolors=_faded(_ROLE_COLOURS["drums"], loud), lw=0)
        )
    roles = [role for role in _LABEL_ORDER if any(role == voice.role for voice in music.voices)]
    for k, role in enumerate(roles):
        p.label_end(axes, 0.95 - 0.9 * k / max(1, len(roles) - 1), role, _ROLE_COLOURS[role])


def draw_loudness(axes: Axes, streams: Streams, plan: Plan) -> None:
    """The picture's motion, and how loud and how full each bar is to be."""
    axes.set_ylim(0, 1)
    p.name_panel(axes, "drive", "picture, music")
    motion = streams.get("motion")
    if motion is not None and motion.says_something:
        p.area(axes, motion.times_s, motion.sample(motion.times_s, "energy"), p.FAINT)
    axes.set_ylim(0, 1)
    ends = [(0.14, "motion", p.FAINT)]
    for name, colour in (("loudness", p.RED), ("density", p.TEAL)):
        ends.append((_by_bar(axes, plan, name, colour), name, colour))
    p.label_ends(axes, ends)


def draw_feeling(axes: Axes, plan: Plan) -> None:
    """Valence, arousal and tension of each bar."""
    axes.set_ylim(-1.05, 1.05)
    axes.axhline(0, color=p.HAIR, lw=1)
    p.name_panel(axes, "feeling", "bar by bar")
    ends = []
    for name, colour in (("valence", p.GREEN), ("arousal", p.AMBER), ("tension", p.PLUM)):
        ends.append((_by_bar(axes, plan, name, colour) / 2.1 + 0.5, name, colour))
    p.label_ends(axes, ends)


def _by_bar(axes: Axes, plan: Plan, name: str, colour: str) -> float:
    """Draw a curve of the plan as steps, one a bar; returns the last."""
    edges = np.clip(np.append(plan.grid.downbeats_s, plan.grid.end_s), 0, plan.duration_s)
    values = np.array(getattr(plan.curves, name))
    axes.stairs(values, edges, color=colour, lw=1.8, baseline=None)
    return float(values[-1])


def _boxes(
    starts_s: NDArray[np.float64],
    lengths_s: NDArray[np.float64],
    heights: NDArray[np.float64],
    shortest_s: float,
) -> NDArray[np.float64]:
    """Corners of note boxes, `[N, 4, 2]`, none too short to be seen."""
    ends = starts_s + np.maximum(lengths_s, shortest_s)
    left = np.stack([starts_s, heights - 0.42], axis=-1), np.stack([starts_s, heights + 0.42], axis=-1)
    right = np.stack([ends, heights + 0.42], axis=-1), np.stack([ends, heights - 0.42], axis=-1)
    return np.stack([*left, *right], axis=1).astype(np.float64)


def _faded(colour: str, alphas: NDArray[np.float64]) -> NDArray[np.float64]:
    """One colour at several opacities, `[N, 4]`."""
    from matplotlib.colors import to_rgb

    return np.column_stack([np.tile(to_rgb(colour), (len(alphas), 1)), alphas])
