"""What there is over time → the lanes of the page's one time axis.

Every drawing's x is seconds, and what is placed by style has its second as `--t`: nothing depends on how
wide the axis is shown.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.local import KNOWN_P, LocalAlignment
from v2m.score_page import svg
from v2m.score_page.facts import Curve, Film, Panel, Roll, ScorePage, Targets, Waveform
from v2m.score_page.text import instant, late, milliseconds, number, text

MOST_MARKS = 1500
"""Of more targets than this a lane has strokes, which cannot be asked one by one."""

# How many labels the ruler has at most, from coarse to fine; each of its steps is a multiple of the next.
_TICK_COUNTS = (6, 14, 30, 60, 120, 240, 480, 960)
_NICE_STEPS_S = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200)
_LEAST_LAG_S = 0.1
_FARTHEST_TIE_S = 1.0


def lanes(page: ScorePage) -> str:
    """All lanes, top to bottom, as HTML."""
    return "".join(
        [
            _ruler(page.duration_s),
            _film(page.film, page.title) if page.film is not None else "",
            *(_targets(nth, targets, page.duration_s) for nth, targets in enumerate(page.targets)),
            _rhythm(page),
            _wave(page.waveform, page.duration_s) if page.waveform is not None else "",
            _roll(page.roll, page.duration_s) if page.roll is not None else "",
            *(_panel(panel, page.duration_s) for panel in page.panels),
            _fit(page.local, page.duration_s) if page.local is not None else "",
            _lag(page.local, page.duration_s) if page.local is not None else "",
            _ruler(page.duration_s, again=True),
        ]
    )


def grid(page: ScorePage) -> str:
    """What runs through all lanes: seconds, and the first targets, met and missed."""
    step = _steps(page.duration_s)[1]
    lines = [_path("grid", svg.ticks(np.arange(step, page.duration_s, step), page.duration_s))]
    for targets in page.targets[:1]:
        for name, which in (("met", targets.met), ("missed", ~targets.met)):
            lines.append(_path(f"through {name}", svg.ticks(targets.times_s[which], page.duration_s)))
    return _drawing(page.duration_s, lines, "under")


def _ruler(duration_s: float, *, again: bool = False) -> str:
    """Labels in levels: the style shows the finer ones as soon as there is room."""
    steps = _steps(duration_s)
    labels = []
    for k in range(int(duration_s / steps[-1] + 1e-9) + 1):
        time_s = k * steps[-1]
        if duration_s - time_s < 0.02 * duration_s and k:
            continue
        level = next(n for n, step in enumerate(steps) if abs(time_s / step - round(time_s / step)) < 1e-6)
        shown = instant(time_s) if steps[-1] >= 1 or abs(time_s - round(time_s)) < 1e-6 else f"{time_s:.1f}"
        labels.append(f'<span class="tick l{level}" style="--t:{svg.short(time_s)}">{shown}</span>')
    hidden = ' aria-hidden="true"' if again else ""
    return f'<div class="ruler"{hidden}>{"".join(labels)}</div>'


def _steps(duration_s: float) -> list[float]:
    """Distances of labels from coarse to fine, for each of `_TICK_COUNTS`, none finer than useful."""
    steps: list[float] = []
    for most in _TICK_COUNTS:
        fitting = [step for step in _NICE_STEPS_S if duration_s / step <= most]
        step = fitting[0] if fitting else _NICE_STEPS_S[-1] * np.ceil(duration_s / most / _NICE_STEPS_S[-1])
        steps.append(float(min(step, steps[-1]) if steps else step))
    return steps


def _film(film: Film, title: str) -> str:
    cells = []
    for k, jpeg in enumerate(film.jpegs):
        level = 0 if k % 8 == 5 else 1 if k % 4 == 1 else 2 if k % 2 else 3
        data = base64.b64encode(jpeg).decode()
        cells.append(f'<div class="cell l{level}"><img alt="" src="data:image/jpeg;base64,{data}"></div>')
    about = f"Pictures from {text(title)}, from its start to its end"
    aspect = f"--aspect:{film.width / film.height:.4g}"
    return f'<div class="film" style="{aspect}" role="img" aria-label="{about}">{"".join(cells)}</div>'


def _targets(nth: int, targets: Targets, duration_s: float) -> str:
    count, met = len(targets.times_s), targets.met
    if not count:
        return _lane("targets", targets.name.capitalize(), "none in this clip", "", plot=False)
    within = f"within {1000 * targets.tolerance_s:.0f} ms"
    says = f"{int(met.sum())} of {count} have {_a(targets.by)} {within}"
    key = _key(("met", "met"), ("missed", "missed"))
    if count > MOST_MARKS:
        strokes = [
            _path(f"stroke {state}", svg.ticks(targets.times_s[which], duration_s, top, top + 45))
            for state, which, top in (("met", met, 0.0), ("missed", ~met, 50.0))
        ]
        drawing = _drawing(duration_s, strokes, says=f"{targets.name}: {says}")
        return _lane("targets", targets.name.capitalize(), f"{says} (above; below, missed)", drawing, key)
    ties = [_path(f"tie {state}", _ties(targets, of)) for state, of in (("met", met), ("missed", ~met))]
    marks: list[str] = []
    for k in range(count):
        time_s, state = float(targets.times_s[k]), "met" if met[k] else "missed"
        side = " left" if time_s > duration_s / 2 else ""
        tab = -1 if marks else 0
        marks.append(
            f'<span class="mark {state}{side}" style="--t:{svg.short(time_s)}" tabindex="{tab}" role="img" '
            f'aria-label="{text(say_target(targets, k))}"></span>'
        )
    body = _drawing(duration_s, ties) + "".join(marks)
    name = text(f"{targets.name}: {says}")
    group = f'<div class="marks" role="group" aria-label="{name}" id="targets-{nth}">{body}</div>'
    return _lane("targets", targets.name.capitalize(), says, group, key, plot=False)


def _ties(targets: Targets, which: NDArray[np.bool_]) -> str:
    """From each of these targets down to the event nearest to it, if that is near enough to be seen."""
    near = which & (np.abs(targets.apart_s) <= _FARTHEST_TIE_S)
    pairs = zip(targets.times_s[near], targets.apart_s[near], strict=True)
    return "".join(f"M{svg.short(t)} 50L{svg.short(t + apart)} 100" for t, apart in pairs)


def say_target(targets: Targets, k: int) -> str:
    """One target in words: what, when, met or missed, and by how much."""
    what = targets.kinds[k] if targets.kinds else _one(targets.name)
    state = "met" if targets.met[k] else "missed"
    apart_s = float(targets.apart_s[k])
    far = f"no {targets.by} at all" if np.isnan(apart_s) else f"nearest {targets.by} {late(apart_s)}"
    return f"{what} at {instant(float(targets.times_s[k]), exact=True)}: {state}, {far}"


def _rhythm(page: ScorePage) -> str:
    """Onsets, beats and downbeats of the music, as far as they are known."""
    rows: list[tuple[str, str, NDArray[np.float64], float, float]] = []
    if page.onsets_s is not None:
        rows.append(("onset", "onsets", page.onsets_s, 0, 48))
    if page.beats_s is not None:
        rows.append(("beat", "beats", page.beats_s, 72, 100))
    if page.downbeats_s is not None:
        rows.append(("downbeat", "downbeats", page.downbeats_s, 54, 100))
    if not rows:
        return ""
    paths = [_path(kind, svg.ticks(times, page.duration_s, top, end)) for kind, _, times, top, end in rows]
    says = ", ".join(f"{len(times)} {name}" for _, name, times, _, _ in rows)
    key = _key(*((kind, name) for kind, name, *_ in rows))
    return _lane("rhythm", "Rhythm of the music", says, _drawing(page.duration_s, paths, says=says), key)


def _wave(wave: Waveform, duration_s: float) -> str:
    low = np.clip(50 - 50 * wave.low.astype(np.float64), 0, 100)
    high = np.clip(50 - 50 * wave.high.astype(np.float64), 0, 100)
    # A hair's breadth where it is silent, so that one sees that there is a waveform.
    path = _path("sound", svg.band(np.maximum(low, 50.4), np.minimum(high, 49.6), duration_s))
    return _lane("wave", "Waveform", "", _drawing(duration_s, [path], says="Waveform of the music"))


def _roll(notes: Roll, duration_s: float) -> str:
    pieces, step_s = svg.roll(notes, duration_s)
    drums = notes.start_s[notes.is_drum]
    if not pieces and not drums.size:
        return _lane("roll", "Notes", "none", "", plot=False)
    pitches = [pitch for _, _, pitch in pieces] or [60]
    lowest, highest = min(pitches) - 1, max(pitches) + 1
    share = 88 / (highest - lowest)
    path = svg.spans((start, end, 2 + (highest - pitch) * share) for start, end, pitch in pieces)
    paths = [_path("note", path), _path("drum", svg.ticks(np.sort(drums), duration_s, 94, 100))]
    says = f"{len(notes.start_s)} notes"
    if drums.size:
        says += f", {drums.size} of them drums (below)"
    if step_s:
        says += f"; of one pitch, those within {step_s:.2g} s are drawn as one"
    return _lane("roll", "Notes", says, _drawing(duration_s, paths, says=says))


def _panel(panel: Panel, duration_s: float) -> str:
    paths: list[str] = []
    keys: list[tuple[str, str]] = []
    alike = len({curve.name for curve in panel.curves}) < len(panel.curves)
    for curve in panel.curves:
        # Curves of one name are told apart by whose they are.
        drawn, words = _curve(replace(curve, name=curve.side) if alike else curve)
        paths += drawn
        keys.append((f"curve-{curve.side}", words))
    names = " and ".join(curve.name for curve in panel.curves)
    body = _drawing(duration_s, paths, says=f"{names} over time")
    return _lane("curves", panel.name, panel.about, body, _key(*keys))


def _curve(curve: Curve) -> tuple[list[str], str]:
    """The picture's curve is an area, the music's a line; its words give the scale."""
    times, values = svg.thinned(curve.times_s, curve.values)
    known = values[~np.isnan(values)]
    if not known.size:
        return [], f"{curve.name}: nothing to say"
    low, high = curve.limits or (float(known.min()), float(known.max()))
    y = svg.y_of(values, low, high)
    paths = [_path("fill", svg.area(times, y))] if curve.side == "picture" else []
    paths.append(_read(f"curve {curve.side}", svg.line(times, y), curve.name, curve.unit, low, high))
    scale = f"{number(low)} to {number(high, curve.unit)}" if high > low else number(low, curve.unit)
    return paths, f"{curve.name}, {scale}"


def _fit(local: LocalAlignment, duration_s: float) -> str:
    """How well the music fits along the clip, beside chance."""
    each = -(-len(local.times_s) // svg.MOST_POINTS)
    times, score, chance = local.times_s[::each], local.score[::each], local.chance[::each]
    above = np.flatnonzero(local.p_value[::each] <= KNOWN_P)
    half_s = _half_step(times)
    bars = svg.spans((max(times[k] - half_s, 0.0), min(times[k] + half_s, duration_s), 98.0) for k in above)
    paths = [
        _path("curve chance", svg.line(times, svg.y_of(chance, 0.0, 1.0))),
        _read("curve fit", svg.line(times, svg.y_of(score, 0.0, 1.0)), "fit", "", 0.0, 1.0),
        _path("above", bars),
    ]
    key = _key(("curve-fit", "fit, 0 to 1"), ("curve-chance", "chance"), ("above", "above chance: p ≤ 0.05"))
    about = "how alike onsets and accents are, around each second"
    return _lane("fit", "Where the music fits", about, _drawing(duration_s, paths, says=about), key)


def _lag(local: LocalAlignment, duration_s: float) -> str:
    """How late the music is along the clip; bold where that is known."""
    each = -(-len(local.times_s) // svg.MOST_POINTS)
    times, lag_s, known = local.times_s[::each], local.lag_s[::each], local.lag_known[::each]
    said = lag_s[~np.isnan(lag_s)]
    if not said.size:
        return _lane("lag", "How late it is", "the two are nowhere near enough to tell", "", plot=False)
    most_s = max(float(np.abs(said).max()), _LEAST_LAG_S)
    y = svg.y_of(lag_s, -most_s, most_s)
    half_s = _half_step(times)
    sure = np.flatnonzero(known & ~np.isnan(lag_s))
    bold = svg.spans((max(times[k] - half_s, 0.0), min(times[k] + half_s, duration_s), y[k]) for k in sure)
    paths = [
        _path("zero", f"M0 50H{svg.short(duration_s)}"),
        _read("curve lag", svg.line(times, y), "lag", "s", -most_s, most_s),
        _path("sure", bold),
    ]
    key = _key(("curve-lag", "lag, unsure"), ("sure", "lag, known"))
    about = f"from {milliseconds(-most_s)}, early, at the bottom to {milliseconds(most_s)}, late, at the top"
    return _lane("lag", "How late it is", about, _drawing(duration_s, paths, says=about), key)


def _half_step(times_s: NDArray[np.float64]) -> float:
    return float(np.diff(times_s).min()) / 2 if len(times_s) > 1 else 0.5


def _lane(kind: str, name: str, about: str, body: str, key: str = "", *, plot: bool = True) -> str:
    """A heading that stays in sight as the axis is scrolled, and what is under it."""
    says = f'<span class="about">{text(about)}</span>' if about else ""
    inner = f'<div class="plot">{body}</div>' if plot else body
    reads = '<span class="reads" aria-hidden="true"></span>'
    head = f'<div class="head"><h3>{text(name)}</h3>{says}{key}{reads}</div>'
    return f'<section class="lane {kind}">{head}{inner}</section>'


def _key(*entries: tuple[str, str]) -> str:
    """What is drawn how."""
    rows = "".join(f'<li><i class="swatch {kind}"></i>{text(words)}</li>' for kind, words in entries)
    return f'<ul class="key">{rows}</ul>'


def _drawing(duration_s: float, paths: Sequence[str], kind: str = "", says: str = "") -> str:
    seen = f'role="img" aria-label="{text(says)}"' if says else 'aria-hidden="true"'
    name = f' class="{kind}"' if kind else ""
    box = f"0 0 {svg.short(duration_s)} 100"
    return f'<svg{name} viewBox="{box}" preserveAspectRatio="none" {seen}>{"".join(paths)}</svg>'


def _path(kind: str, path: str) -> str:
    return f'<path class="{kind}" d="{path}"/>' if path else ""


def _read(kind: str, path: str, name: str, unit: str, low: float, high: float) -> str:
    """A path whose values the page can read off at any instant."""
    scale = f'data-name="{text(name)}" data-unit="{text(unit)}" data-low="{low:.6g}" data-high="{high:.6g}"'
    return f'<path class="{kind}" {scale} d="{path}"/>' if path else ""


def _one(names: str) -> str:
    """A plural in the singular."""
    return names[:-1] if names.endswith("s") else names


def _a(name: str) -> str:
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"
