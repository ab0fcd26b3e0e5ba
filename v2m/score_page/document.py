"""A `ScorePage` → one HTML document that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files

import numpy as np

from v2m.score_page.facts import ScorePage, Targets
from v2m.score_page.lanes import grid, lanes
from v2m.score_page.tables import summary, tables
from v2m.score_page.text import instant, late, text

LEAST_VIEW_S = 4.0
"""One can zoom in until about so much of the clip is in sight."""
MOST_ZOOM = 128
MOST_APART = 120
"""Where more of a lane's marks than this are in sight, they are strokes."""
MOST_ROWS = 1500
"""Of more targets than this, the list names only the missed ones, and no more than so many."""


def render(page: ScorePage) -> str:
    """The whole document; the same page gives the same text.

    It loads nothing: its policy forbids it, and allows only its own script.
    """
    style, script = f"{_asset('page.css')}\n{_zoom_style(page)}", _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    heading = f"{page.title}: how well its music does"
    time = _time(page) if page.has_lanes else ""
    body = "\n".join(
        [_header(page), "<main>", time, _measures(page), _lists(page), _settings(page), "</main>"]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(heading)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _header(page: ScorePage) -> str:
    return (
        '<a class="skip" href="#measures">Skip to the measures</a>\n<header class="top">'
        f"<h1><bdi>{text(page.title)}</bdi></h1>"
        f'<p class="sub">{_question(page)}, and would chance do as well? '
        f"<span>{instant(page.duration_s, exact=True)} long</span></p>"
        f"{summary(page.measures, page.shifts)}</header>"
    )


def _question(page: ScorePage) -> str:
    if not page.has_lanes:
        return "How does it compare"
    music = "its own sound" if page.music == page.title else f"<bdi>{text(page.music)}</bdi>"
    return f"How well does {music} fit it"


def _time(page: ScorePage) -> str:
    """The lanes under the choice of a zoom, which needs no script."""
    choices = "".join(
        f'<input type="radio" name="zoom" id="zoom{z}" value="{z}"{" checked" if z == 1 else ""}>'
        f'<label for="zoom{z}">{"whole" if z == 1 else f"{z}×"}</label>'
        for z in _zooms(page.duration_s)
    )
    return (
        f'<section class="time" aria-labelledby="time" style="--d:{page.duration_s:.6g}">'
        '<div class="bar"><h2 id="time">Along the clip</h2>'
        f'<fieldset class="zoom"><legend>Zoom</legend>{choices}</fieldset>'
        '<button type="button" class="miss" hidden>Next missed</button>'
        '<p class="hint">Scroll sideways when zoomed in. Point at a mark to see how far off the music is.</p>'
        '</div><div class="view" tabindex="0" role="region" aria-label="Lanes over time, scrollable">'
        f'<div class="inner">{grid(page)}{lanes(page)}<div class="cursor" hidden></div></div></div></section>'
    )


def _zooms(duration_s: float) -> list[int]:
    zooms = [1]
    while zooms[-1] < MOST_ZOOM and duration_s / zooms[-1] > LEAST_VIEW_S:
        zooms.append(2 * zooms[-1])
    return zooms


def _zoom_style(page: ScorePage) -> str:
    """What depends on the zoom: how wide the lanes are, and whether marks are near enough to be strokes."""
    zooms = _zooms(page.duration_s)
    rules = [f".time:has(#zoom{z}:checked) {{ --zoom: {z}; }}" for z in zooms[1:]]
    for nth, targets in enumerate(page.targets):
        crowded = ",".join(f"#zoom{z}" for z in zooms if len(targets.times_s) / z > MOST_APART)
        if not crowded:
            continue
        here = f".time:has(:is({crowded}):checked)"
        lane = f"{here} #targets-{nth}"
        rules += [
            f"{lane} .tie {{ display: none; }}",
            f"{lane} .mark::before {{ top: 2px; left: 11px; width: 2px; height: 16px; transform: none; "
            "border-width: 1px; border-radius: 0; }",
            f"{lane} .mark.missed::before {{ top: 21px; }}",
        ]
        if nth == 0:
            rules.append(f"{here} .through {{ display: none; }}")
    return "\n".join(rules)


def _measures(page: ScorePage) -> str:
    shown = tables(page.measures) or '<p class="none">Nothing was measured.</p>'
    copies = f"the {page.shifts} copies" if page.shifts else "copies"
    bound = f"; 0 means fewer than 1 in {page.shifts + 1}" if page.shifts else ""
    return (
        '<section id="measures" aria-labelledby="all"><h2 id="all">Measures</h2>'
        '<p class="how"><b>Chance</b> is the mean score of the same music shifted in time, which keeps its '
        "rhythm, density and sound and loses only its place under the picture. <b>Over chance</b> is score ÷ "
        "chance (×) or, for correlations, score − chance. <b>p</b> is the share of "
        f"{copies} that score at least as much{bound}. "
        "<b>Silence, noise, metronome</b> are what music that knows nothing of the picture gets. In the "
        "drawings the bar is the score, the upright line chance, and the small marks below these three.</p>"
        f"{shown}</section>"
    )


def _lists(page: ScorePage) -> str:
    """Every target in words: what the marks say, for reading and for searching."""
    lists = "".join(_list(targets) for targets in page.targets if len(targets.times_s))
    if not lists:
        return ""
    return f'<section aria-labelledby="lists"><h2 id="lists">One by one</h2>{lists}</section>'


def _list(targets: Targets) -> str:
    count = len(targets.times_s)
    chosen = np.arange(count) if count <= MOST_ROWS else np.flatnonzero(~targets.met)[:MOST_ROWS]
    rows = []
    for k in chosen.tolist():
        met, apart_s = bool(targets.met[k]), float(targets.apart_s[k])
        state = f'<td class="{"met" if met else "missed"}">{"✓ met" if met else "✕ missed"}</td>'
        far = f"no {targets.by}" if np.isnan(apart_s) else late(apart_s)
        kind = f"<td>{text(targets.kinds[k])}</td>" if targets.kinds else ""
        when = instant(float(targets.times_s[k]), exact=True)
        rows.append(f"<tr><td>{when}</td>{kind}{state}<td>{text(far)}</td></tr>")
    head = '<th scope="col">kind</th>' if targets.kinds else ""
    only = "" if len(chosen) == count else f", of which {len(chosen)} missed ones are listed"
    says = f"{targets.name.capitalize()}: {count}, {int(targets.met.sum())} met{only}"
    return (
        f"<details><summary>{text(says)}</summary>"
        f'<table class="list"><thead><tr><th scope="col">time</th>{head}<th scope="col">met</th>'
        f'<th scope="col">nearest {text(targets.by)}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _settings(page: ScorePage) -> str:
    remarks = "".join(f"<li>{text(remark)}</li>" for remark in page.remarks)
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in page.settings.items())
    if not remarks and not rows:
        return ""
    return (
        '<section aria-labelledby="made"><h2 id="made">How it was measured</h2>'
        + (f'<ul class="remarks">{remarks}</ul>' if remarks else "")
        + (f'<dl class="settings">{rows}</dl>' if rows else "")
        + "</section>"
    )


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    return files("v2m.score_page").joinpath(name).read_text(encoding="utf-8").strip()
