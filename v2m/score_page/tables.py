"""Measures → what a reader sees first, and a table a task: every score beside its chance level."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from v2m.alignment.chance import Chance
from v2m.alignment.measure import Measure
from v2m.score_page.text import number, text
from v2m.score_page.wording import TASKS, why_no_chance, wording

ABOVE_P = 0.05
"""A measure is called above chance where at most this share of the shifted copies reach it."""
CHIEF = (
    ("sync", "cut_hits"),
    ("sync", "hit_points"),
    ("sync", "accent_alignment"),
    ("sync", "av_align"),
    ("curves", "loudness_motion"),
    ("affect", "arousal"),
    ("beats", "loris_hits"),
    ("sound", "lufs"),
)
"""What is shown large, as far as it is defined; the first of these."""
MOST_CHIEF = 6

_MEN = ("silence", "noise", "metronome")


def summary(measures: Sequence[Measure], shifts: int) -> str:
    """One or two sentences on all measures, and the chief ones, large."""
    judged = [m for m in measures if _judged(m)]
    above = sum(_above(m) for m in judged)
    said = "No measure was compared with chance."
    if judged:
        copies = f"{shifts} shifted copies" if shifts else "shifted copies"
        said = (
            f"<strong>{above} of {len(judged)}</strong> measures that have a chance level are above it: "
            f"at most one in twenty of {copies} of the same music scores as much."
        )
        equal = sum(_metronome_does(m) for m in judged)
        beaten = [m for m in judged if not math.isnan(m.straw.get("metronome", math.nan))]
        if beaten:
            said += f" A plain metronome scores as much or more in {equal} of {len(beaten)}."
    by_name = {(m.task, m.name): m for m in measures if m.defined}
    chief = [by_name[key] for key in CHIEF if key in by_name][:MOST_CHIEF]
    cards = "".join(map(_card, chief))
    return f'<p class="lede">{said}</p><div class="cards">{cards}</div>'


def tables(measures: Sequence[Measure]) -> str:
    """A section for each task that has a measure."""
    names = [*TASKS, *dict.fromkeys(m.task for m in measures if m.task not in TASKS)]
    return "".join(
        _task(name, [m for m in measures if m.task == name])
        for name in names
        if any(m.task == name for m in measures)
    )


def _task(task: str, measures: Sequence[Measure]) -> str:
    title, question = TASKS.get(task, (task.capitalize(), ""))
    defined = [m for m in measures if m.defined]
    anchor = text(f"task-{task}")
    asks = f'<p class="asks">{text(question)}</p>' if question else ""
    table = _table(title, defined) if defined else ""
    return (
        f'<section class="task" aria-labelledby="{anchor}"><h3 id="{anchor}">{text(title)}</h3>{asks}'
        f"{table}{_undefined([m for m in measures if not m.defined], alone=not defined)}</section>"
    )


def _table(title: str, measures: Sequence[Measure]) -> str:
    men = _straw_men(measures)
    columns = ["score", "", "chance", "over chance", "p", *men, "count"]
    head = "".join(f'<th scope="col">{text(c) or "<span class=hidden>drawn</span>"}</th>' for c in columns)
    rows = "".join(_row(m, men) for m in measures)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(title)}, table"><table>'
        f'<caption class="hidden">{text(title)}: scores and what chance gives</caption>'
        f'<thead><tr><th scope="col">measure</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(measure: Measure, men: Sequence[str]) -> str:
    unit = measure.unit
    cells = [
        _cell("score", number(measure.score, unit), "score"),
        f'<td class="drawn">{_drawn(measure)}</td>',
        *_chance_cells(measure),
        *(_cell(man, number(measure.straw.get(man, math.nan), unit), "straw") for man in men),
        _cell("count", "–" if measure.count is None else f"{measure.count}", "count"),
    ]
    return f'<tr id="{_anchor(measure)}"><th scope="row">{_about(measure)}</th>{"".join(cells)}</tr>'


def _chance_cells(measure: Measure) -> list[str]:
    chance = measure.chance
    if chance is None:
        level = measure.details.get("chance", math.nan)
        if not math.isnan(level):
            words = f"{number(level, measure.unit)}, mean over the clips"
            return [f'<td class="chance" data-label="chance" colspan="3">{text(words)}</td>']
        why = why_no_chance(measure.task, measure.name)
        return [f'<td class="chance none" data-label="chance" colspan="3">none: {text(why)}</td>']
    return [
        _cell("chance", number(chance.mean, measure.unit), "chance"),
        _cell("over chance", _over(chance), "over"),
        _cell("p", number(chance.p_value), "p"),
    ]


def _cell(label: str, shown: str, kind: str) -> str:
    return f'<td class="{kind}" data-label="{text(label)}">{text(shown)}</td>'


def _about(measure: Measure) -> str:
    """Title, verdict, what it means and whose it is, its details and its note."""
    said = wording(measure.task, measure.name)
    parts = [f'<span class="name">{text(said.title)}</span>']
    if _judged(measure):
        kind, words = ("above", "above chance") if _above(measure) else ("as", "no better than chance")
        parts.append(f' <span class="verdict {kind}">{words}</span>')
    means = " ".join(filter(None, [said.means, f"({said.source})" if said.source else ""]))
    if means:
        parts.append(f'<span class="means">{text(means)}</span>')
    if _judged(measure) and _metronome_does(measure):
        parts.append('<span class="warn">A metronome scores as much or more.</span>')
    details = [f"{_spoken(name)} {_detail(name, value)}" for name, value in measure.details.items()]
    small = " · ".join([f"{measure.task}.{measure.name}", *details])
    parts.append(f'<span class="small">{text(small)}</span>')
    if measure.note and measure.note != why_no_chance(measure.task, measure.name):
        parts.append(f'<span class="small">{text(measure.note)}</span>')
    return "".join(parts)


def _undefined(measures: Sequence[Measure], *, alone: bool) -> str:
    if not measures:
        return ""
    rows = "".join(
        f'<li id="{_anchor(m)}"><b>{text(wording(m.task, m.name).title)}</b> '
        f'<span class="small">{text(f"{m.task}.{m.name}")}</span>: {text(m.note)}</li>'
        for m in measures
    )
    return (
        f"<details{' open' if alone else ''}><summary>{len(measures)} not defined here, and why</summary>"
        f'<ul class="missing">{rows}</ul></details>'
    )


def _card(measure: Measure) -> str:
    chance = measure.chance
    if chance is None:
        beside = f"no chance level: {why_no_chance(measure.task, measure.name)}"
    else:
        beside = f"chance {number(chance.mean, measure.unit)} · {_over(chance)} · p {number(chance.p_value)}"
    title = text(wording(measure.task, measure.name).title)
    return (
        f'<a class="card" href="#{_anchor(measure)}"><span class="name">{title}</span>'
        f'<span class="big">{text(number(measure.score, measure.unit))}</span>{_drawn(measure)}'
        f'<span class="beside">{text(beside)}</span></a>'
    )


def _drawn(measure: Measure) -> str:
    """The score as a bar, chance as a line, the straw men as small marks; "" where there is no scale."""
    levels = [measure.score, *measure.straw.values()]
    if measure.chance is not None:
        levels.append(measure.chance.mean)
    levels = [level for level in levels if math.isfinite(level)]
    if measure.unit or measure.better != "higher" or not levels:
        return ""
    low, high = (-1.0 if min(levels) < 0 else 0.0), max(1.0, *levels)

    def x(level: float) -> str:
        return f"{100 * (level - low) / (high - low):.1f}"

    zero, here = float(x(0.0)), float(x(measure.score))
    shapes = [
        '<path class="rail" d="M0 8H100"/>',
        f'<rect class="bar" x="{min(zero, here):.1f}" y="4" width="{abs(here - zero):.1f}" height="8"/>',
    ]
    shapes += [
        f'<path class="man" d="M{x(level)} 12V16"/>'
        for level in measure.straw.values()
        if math.isfinite(level)
    ]
    if measure.chance is not None and math.isfinite(measure.chance.mean):
        shapes.append(f'<path class="level" d="M{x(measure.chance.mean)} 0V13"/>')
    return (
        '<svg class="dots" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(shapes)}</svg>"
    )


def _judged(measure: Measure) -> bool:
    chance = measure.chance
    return measure.better == "higher" and chance is not None and not math.isnan(chance.p_value)


def _above(measure: Measure) -> bool:
    return measure.chance is not None and measure.chance.p_value <= ABOVE_P


def _metronome_does(measure: Measure) -> bool:
    return measure.straw.get("metronome", -math.inf) >= measure.score - 1e-12


def _straw_men(measures: Iterable[Measure]) -> list[str]:
    named = dict.fromkeys(man for m in measures for man in m.straw)
    return [man for man in _MEN if man in named] + [man for man in named if man not in _MEN]


def _over(chance: Chance) -> str:
    """How far above chance a score is: as a ratio, or as a gain where a ratio means nothing."""
    if not math.isnan(chance.lift):
        return f"×{number(chance.lift)}"
    return f"+{number(chance.gain)}" if chance.gain > 0 else number(chance.gain)


def _spoken(name: str) -> str:
    return name.removesuffix("_s").replace("_", " ")


def _detail(name: str, value: float) -> str:
    if name.endswith("_s") and name != "lag_s":
        return number(abs(value), "s").removeprefix("+")
    if name == "lag_s":
        return number(value, "s")
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e6 else number(value)


def _anchor(measure: Measure) -> str:
    return text(f"{measure.task}-{measure.name}".replace(" ", "-"))
