"""Measures → what a reader sees first, and a table a task: every score beside its chance level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from v2m.alignment.chance import Chance
from v2m.alignment.measure import Measure
from v2m.score_page.text import number, text
from v2m.score_page.wording import TASKS, note_of, why_no_chance, wording

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
        if (by_luck := round(ABOVE_P * len(judged))) > 0:
            said += f" By luck alone about {by_luck} would be."
        beaten = [m for m in judged if not math.isnan(m.straw.get("metronome", math.nan))]
        if beaten:
            equal = sum("metronome" in _men_do(m) for m in beaten)
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


@dataclass(frozen=True)
class _Columns:
    """What one table has columns for, besides the score.

    Attributes:
        men: straw men.
        chance: its level, what is over it and p; without, `never` says why for all measures.
        drawn, count: whether any measure has either.
    """

    men: tuple[str, ...]
    chance: bool
    never: str
    drawn: bool
    count: bool

    @classmethod
    def of(cls, measures: Sequence[Measure]) -> _Columns:
        """Those that say something of these measures."""
        named = dict.fromkeys(man for m in measures for man in m.straw)
        whys = {_why_none(m) for m in measures}
        never = whys.pop() if len(whys) == 1 else ""
        return cls(
            tuple(sorted(named, key=lambda man: _MEN.index(man) if man in _MEN else len(_MEN))),
            not never,
            never,
            any(_drawn(m) for m in measures),
            any(m.count is not None for m in measures),
        )

    @property
    def names(self) -> list[str]:
        """In their order, the drawing's being empty."""
        chance = ["chance", "over chance", "p"] if self.chance else []
        return ["score", *[""] * self.drawn, *chance, *self.men, *["count"] * self.count]


def _table(title: str, measures: Sequence[Measure]) -> str:
    columns = _Columns.of(measures)
    none = f'<p class="none">No chance level: {text(columns.never)}.</p>' if columns.never else ""
    head = "".join(
        f'<th scope="col">{text(name)}</th>' if name else '<td class="drawn"></td>' for name in columns.names
    )
    rows = "".join(_row(m, columns) for m in measures)
    return (
        f'{none}<div class="wide" tabindex="0" role="region" aria-label="{text(title)}, table"><table>'
        f'<caption class="hidden">{text(title)}: scores and what chance gives</caption>'
        f'<thead><tr><th scope="col">measure</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(measure: Measure, columns: _Columns) -> str:
    cells = [_cell("score", _score(measure, measure.score), "score")]
    if columns.drawn:
        cells.append(f'<td class="drawn">{_drawn(measure)}</td>')
    if columns.chance:
        cells += _chance_cells(measure)
    cells += [_cell(man, _score(measure, measure.straw.get(man, math.nan)), "straw") for man in columns.men]
    if columns.count:
        cells.append(_cell("count", "–" if measure.count is None else f"{measure.count}", "count"))
    return f'<tr id="{_anchor(measure)}"><th scope="row">{_about(measure)}</th>{"".join(cells)}</tr>'


def _chance_cells(measure: Measure) -> list[str]:
    chance = measure.chance
    if chance is None:
        why = _why_none(measure)
        words = f"none: {why}" if why else f"{number(measure.details['chance'])}, mean over the clips"
        return [f'<td class="chance words" data-label="chance" colspan="3">{text(words)}</td>']
    return [
        _cell("chance", number(chance.mean, measure.unit), "chance"),
        _cell("over chance", _over(chance), "over"),
        _cell("p", _p(chance), "p"),
    ]


def _why_none(measure: Measure) -> str:
    """Why a measure has no chance level; "" if it has one, its own or the mean of a set's."""
    if measure.chance is not None or not math.isnan(measure.details.get("chance", math.nan)):
        return ""
    return why_no_chance(measure.task, measure.name)


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
    if _judged(measure) and (men := _men_do(measure)):
        parts.append(f'<span class="warn">As much or more from: {text(", ".join(men))}.</span>')
    details = [f"{_spoken(name)} {_detail(name, value)}" for name, value in measure.details.items()]
    small = " · ".join([f"{measure.task}.{measure.name}", *details])
    parts.append(f'<span class="small">{text(small)}</span>')
    if note := note_of(measure):
        parts.append(f'<span class="small">{text(note)}</span>')
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
        beside = f"no chance level: {_why_none(measure)}"
    else:
        beside = f"chance {number(chance.mean, measure.unit)} · {_over(chance)} · p\xa0{_p(chance)}"
    title = text(wording(measure.task, measure.name).title)
    return (
        f'<a class="card" href="#{_anchor(measure)}"><span class="name">{title}</span>'
        f'<span class="big">{text(_score(measure, measure.score))}</span>{_drawn(measure)}'
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


def _men_do(measure: Measure) -> list[str]:
    """The straw men that score as much or more."""
    return [man for man, score in measure.straw.items() if score >= measure.score - 1e-12]


def _score(measure: Measure, value: float) -> str:
    """A score as it is shown; what is to be near to nought has its sign."""
    return number(value, measure.unit, signed=measure.better == "nearer")


def _p(chance: Chance) -> str:
    return "–" if math.isnan(chance.p_value) else f"{chance.p_value:.2f}"


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
