"""Measures → what a person reads: a table a task, a score never without its chance level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from v2m.alignment.chance import STRAW_MEN
from v2m.score_page.wording import TASKS

if TYPE_CHECKING:
    from v2m.scoring.compare import Ranking

PIPED_WIDTH = 130
NO_CHANCE = "no chance level: it is not about when"


def wide_console() -> Console:
    """Standard output, wide enough for a table where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(console.width, PIPED_WIDTH))


def print_score(score: dict[str, Any], console: Console) -> None:
    """One clip's result.

    Args:
        score: of `ClipScore.as_dict`.
        console: where to.
    """
    console.print(Text(_title(score), style="bold"))
    music = score["music"]
    tempo = "no beat" if music["tempo_bpm"] is None else f"{music['tempo_bpm']:.1f} bpm"
    console.print(f"  music    {music['source']}, {music['onsets']} onsets, {tempo} ({music['beats_from']})")
    print_measures(score["measures"], console)
    for note in score["notes"]:
        console.print(Text(f"  note     {note}", style="yellow"))


def print_measures(measures: list[dict[str, Any]], console: Console) -> None:
    """Tables of measures as `measure_as_dict` has them, and a line on those that are undefined."""
    for task in dict.fromkeys(measure["task"] for measure in measures):
        here = [measure for measure in measures if measure["task"] == task]
        defined = [measure for measure in here if measure["score"] is not None]
        if defined:
            console.print(_table(_heading(task), defined))
            _print_words(defined, console)
        elif here:
            console.print(Text(f"\n{_heading(task)}", style="bold"))
        for note in dict.fromkeys(m["note"] for m in here if m["score"] is None):
            names = ", ".join(m["name"] for m in here if m["score"] is None and m["note"] == note)
            console.print(Text(f"  not measured: {names} ({note})", style="dim"))


def print_ranking(ranking: Ranking, console: Console) -> None:
    """Who fits best, and how sure that is."""
    over = f"{ranking.windows} windows of {ranking.window_s:g} s"
    title = f"fit over chance, best first (95 % intervals over {over})"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    headings = ("music", "fit", "", *ranking.parts, "behind the first", "", "better in")
    for number, heading in enumerate(("", *headings)):
        table.add_column(heading, justify="left" if number == 1 else "right", no_wrap=number != 1)
    for place, entry in enumerate(ranking.entries, 1):
        parts = [f"{part.score:.2f} (chance {part.chance:.2f})" for part in entry.parts]
        behind = ("", "", "")
        if place > 1:
            behind = (f"{entry.behind:.3f}", _interval(entry.behind_interval), f"{entry.better_share:.0%}")
        fit = (f"{entry.fit:+.3f}", _interval(entry.fit_interval))
        table.add_row(str(place), entry.name, *fit, *parts, *behind)
    console.print(table)
    for note in ranking.notes:
        console.print(Text(f"  note     {note}", style="yellow"))


def _heading(task: str) -> str:
    name, question = TASKS.get(task, (task, ""))
    return f"{name.lower()}: {question}" if question else name


def _title(score: dict[str, Any]) -> str:
    clip = score["clip"]
    if clip is None:
        return f"{score['music']['source']} against the reference"
    length = f"{clip['duration_s']:.1f} s, {clip['width']} × {clip['height']}"
    return f"{clip['path']} ({length}, {clip['frame_rate']:.4g} frames a second)"


def _print_words(measures: list[dict[str, Any]], console: Console) -> None:
    """What is to be known of the scores above, each sentence once."""
    by_words: dict[str, list[str]] = {}
    for measure in measures:
        timed = measure["chance"] is not None or "chance" in measure["details"]
        words = measure["note"] or ("" if timed else NO_CHANCE)
        if words:
            by_words.setdefault(words, []).append(measure["name"])
    for words, names in by_words.items():
        whose = "all" if len(names) == len(measures) else ", ".join(names)
        console.print(Text(f"  {whose}: {words}", style="dim"))


def _table(title: str, measures: list[dict[str, Any]]) -> Table:
    timed = any(measure["chance"] is not None or "chance" in measure["details"] for measure in measures)
    men = [man for man in STRAW_MEN if any(measure["straw"].get(man) is not None for measure in measures)]
    lagged = any("lag_s" in measure["details"] for measure in measures)
    headings = [
        "score",
        "of",
        *(("chance", "lift", "p") if timed else ()),
        *men,
        *(("lag",) if lagged else ()),
    ]
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("  measure", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for measure in measures:
        count = "" if measure["count"] is None else str(measure["count"])
        row = [f"  {measure['name']}", _number(measure["score"], measure["unit"]), count]
        row += _chance(measure) if timed else ()
        row += [_number(measure["straw"].get(man)) for man in men]
        if lagged:
            lag_s = measure["details"].get("lag_s")
            row.append("" if lag_s is None else f"{lag_s:+g} s")
        table.add_row(*row)
    return table


def _chance(measure: dict[str, Any]) -> tuple[str, str, str]:
    """Chance level, lift (of a correlation: gain) and p-value."""
    chance = measure["chance"]
    if chance is None:
        return _number(measure["details"].get("chance")), "–", "–"
    if chance["lift"] is not None:
        lift = f"×{chance['lift']:.2f}"
    elif chance["gain"] is not None and chance["mean"] != 0:
        lift = f"{chance['gain']:+.2f}"
    else:
        lift = "–"
    p = chance["p_value"]
    return _number(chance["mean"]), lift, "–" if p is None else f"{p:.2f}"


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:+.3f} to {ends[1]:+.3f}"


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "–"
    size = abs(value)
    text = f"{value:.3f}" if size < 10 else f"{value:.1f}"
    return f"{text} {unit}" if unit else text
