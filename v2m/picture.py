"""Streams and plans → figures that a person reads: the clip's frames, and what was seen and planned.

Everything in a figure lies on one time axis. Files appear whole or not at all.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip
from encoders.stream import Stream, Streams
from v2m import panels as p
from v2m.film_strip import film_strip
from v2m.plan_panels import (
    draw_bars,
    draw_feeling,
    draw_hits,
    draw_loudness,
    draw_roll,
    draw_sections,
    draw_silences,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from generators.music import SymbolicMusic
    from generators.plan import Plan

_FILM_PX = 112
# More single onsets than this are a blur: then only accents are drawn.
_MOST_ONSETS = 450


def draw_analysis(clip: Clip, streams: Streams, out_png: Path) -> Path:
    """Film strip, cuts, motion, a person's beats and affect of a clip, 1600 pixels wide.

    Raises:
        ClipError: if the clip can no longer be read.
    """
    duration_s = streams.duration_s
    person_px = 90 if _says(streams, "limbs") else 24
    figure, panels = p.sheet([_FILM_PX, 22, 40, 120, person_px, 150], duration_s)
    film, colours, edits, motion, person, affect = panels
    p.title(figure, clip.path.name, _what_it_is(clip, streams))
    _film(film, colours, clip, streams)
    _edits(edits, streams)
    _motion(motion, streams)
    _person(person, streams)
    _affect(affect, streams)
    _mark_cuts(figure, panels[2:], streams)
    return _save(figure, out_png)


def draw_plan(
    clip: Clip, streams: Streams, plan: Plan, out_png: Path, music: SymbolicMusic | None = None
) -> Path:
    """Film strip, and under it the bars, sections and hits laid on it, the music, and the curves.

    Args:
        music: what was composed on the plan; without it the figure has no piano roll.

    Raises:
        ClipError: if the clip can no longer be read.
    """
    duration_s = plan.duration_s
    heights = [_FILM_PX, 20, 46, 46, 40] + ([230] if music is not None else []) + [110, 90]
    figure, panels = p.sheet(heights, duration_s)
    film, colours, hits, sections, bars = panels[:5]
    loudness, affect = panels[-2:]
    tempi = [plan.grid.tempo_bpm(k) for k in range(len(plan.grid.bars))]
    beats = f"{np.median(tempi):.0f} bpm"
    if max(tempi) - min(tempi) >= 2:
        beats = f"{min(tempi):.0f}–{max(tempi):.0f} bpm"
    met = plan.struck_hits
    about = f"{plan.mode}  ·  {plan.style}  ·  {plan.key}  ·  {beats}  ·  {len(plan.grid.bars)} bars"
    about += f"  ·  {len(met)} of {len(plan.hits)} hits planned" if plan.hits else ""
    held = len(plan.held_back_hits)
    about += f", {held} held back under words" if held else ""
    p.title(figure, clip.path.name, about)
    _film(film, colours, clip, streams)
    draw_hits(hits, plan)
    draw_sections(sections, plan)
    draw_silences(sections, plan)
    draw_bars(bars, plan)
    if music is not None:
        draw_roll(panels[5], music)
    draw_loudness(loudness, streams, plan)
    draw_feeling(affect, plan)
    strong = np.array([h.played_s for h in met if h.kind in ("section", "cut", "fade")])
    p.through(figure, panels[2:], strong, p.RED, 0.7)
    return _save(figure, out_png)


def _what_it_is(clip: Clip, streams: Streams) -> str:
    parts = [f"{clip.width}×{clip.height}", f"{streams.duration_s:.1f} s", f"{clip.frame_rate:.4g} frames/s"]
    counted = (("cuts", "cut"), ("visual_onsets", "motion peak"), ("kinematic_beats", "body beat"))
    for name, what in counted:
        if _says(streams, name):
            parts.append(f"{len(streams[name])} {what}{'s' if len(streams[name]) > 1 else ''}")
    return "  ·  ".join(parts)


def _film(film: Axes, colours: Axes, clip: Clip, streams: Streams) -> None:
    count = p.pictures_that_fit(clip.width / clip.height, _FILM_PX)
    times_s = (np.arange(count) + 0.5) / count * streams.duration_s
    cuts_s = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
    p.film(film, film_strip(clip, times_s.tolist(), cuts_s), streams.duration_s)
    p.name_panel(film, "picture")
    p.barcode(colours, streams.get("colour"), streams.duration_s)
    p.name_panel(colours, "colours")


def _edits(axes: Axes, streams: Streams) -> None:
    axes.set_ylim(0, 1)
    p.name_panel(axes, "cuts", "fades as spans")
    cuts = streams.get("cuts")
    if cuts is None or not cuts.says_something:
        p.silent(axes, "no cut")
        return
    columns = (cuts.times_s, cuts.column("strength"), cuts.column("fade"), cuts.column("length_s"))
    for time_s, strength, fade, length_s in zip(*columns, strict=True):
        if fade:
            axes.axvspan(time_s - length_s / 2, time_s + length_s / 2, color=p.RED, alpha=0.14, lw=0)
        axes.plot(
            time_s, 0.5, marker="D", ms=4 + 4 * strength, mfc=p.PAPER if fade else p.RED, mec=p.RED, mew=1.2
        )


def _mark_cuts(figure: Figure, panels: list[Axes], streams: Streams) -> None:
    cuts = streams.get("cuts")
    if cuts is not None and cuts.says_something:
        p.through(figure, panels, cuts.times_s, p.RED, 0.6)


def _motion(axes: Axes, streams: Streams) -> None:
    motion, onsets = streams.get("motion"), streams.get("visual_onsets")
    p.name_panel(axes, "motion", "and its accents")
    axes.set_ylim(0, 1)
    if motion is None or not motion.says_something:
        p.silent(axes, "no motion seen")
        return
    p.area(axes, motion.times_s, _bridged(motion, "energy"), p.TEAL)
    p.label_end(axes, 0.5, "energy", p.TEAL)
    if onsets is None or not onsets.says_something:
        return
    accent = onsets.column("accent") > 0
    strength = 0.32 * onsets.column("strength")
    if len(onsets) <= _MOST_ONSETS:
        p.stems(axes, onsets.times_s[~accent], strength[~accent], p.SOFT, 0.8)
    p.stems(axes, onsets.times_s[accent], strength[accent] + 0.06, p.AMBER, 1.8)
    p.label_end(axes, 0.12, "accents", p.AMBER)


def _person(axes: Axes, streams: Streams) -> None:
    limbs, beats = streams.get("limbs"), streams.get("kinematic_beats")
    axes.set_ylim(0, 1)
    if limbs is None or not limbs.says_something:
        p.name_panel(axes, "body")
        p.silent(axes, "no person seen")
        return
    p.name_panel(axes, "body", "limbs and beats")
    p.area(axes, limbs.times_s, np.where(limbs.mask, limbs.column("speed"), 0.0), p.BLUE)
    p.label_end(axes, 0.5, "limb speed", p.BLUE)
    if beats is not None and beats.says_something:
        strength = beats.column("strength")
        axes.scatter(
            beats.times_s, np.full(len(beats), 0.07), s=8 + 26 * strength, color=p.INK, lw=0, zorder=3
        )
        p.label_end(axes, 0.08, "beats", p.INK)


def _affect(axes: Axes, streams: Streams) -> None:
    affect = streams.get("affect")
    p.name_panel(axes, "affect", "how it feels")
    axes.set_ylim(-1.05, 1.05)
    if affect is None or not affect.says_something:
        p.silent(axes, "nothing felt")
        return
    axes.axhline(0, color=p.HAIR, lw=1)
    ends = []
    for name, colour in (("valence", p.GREEN), ("arousal", p.RED), ("tension", p.PLUM)):
        curve = affect.column(name)[affect.mask]
        axes.plot(affect.times_s[affect.mask], curve, color=colour, lw=1.8, solid_capstyle="round")
        ends.append((float(curve[-1]) / 2.1 + 0.5, name, colour))
    p.label_ends(axes, ends)


def _says(streams: Streams, name: str) -> bool:
    return name in streams and streams[name].says_something


def _bridged(stream: Stream, column: str) -> NDArray[np.float64]:
    """A column over all instants, interpolated where the sense is silent."""
    return stream.sample(stream.times_s, column)


def _save(figure: Figure, out_png: Path) -> Path:
    out_png = Path(out_png)
    part = out_png.with_name(f".v2m-{secrets.token_hex(6)}.png")
    try:
        figure.savefig(part, dpi=p.DPI, facecolor=p.PAPER)
        part.replace(out_png)
    finally:
        part.unlink(missing_ok=True)
    return out_png
