"""Pieces of the page as HTML: what Gradio has no part for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from v2m.page.gate import FILES
from v2m.page.limits import Limits
from v2m.score_page.text import text

if TYPE_CHECKING:
    from v2m.page.desk import Source
    from v2m.page.samples import Sample

VIDEO = "video/*,.mkv,.mov,.webm,.mp4,.m4v,.gif,.avi"
SOUND = "audio/*,video/*,.wav,.flac,.mp3,.m4a,.ogg,.opus,.mkv"
MEASURING = '<p class="v-facts" role="status">Measuring how well it fits …</p>'
SHOW_STAGE = "(...values) => { window.v2mShow(); return values; }"
"""Run in the browser before work begins: the stage is brought into sight."""
HEAD = (
    '<header class="v-head"><h1>v2m</h1>'
    "<p>Looks at a clip and gives it music that fits its picture.</p></header>"
)


def dropzone(label: str, limits: Limits, *, small: bool = False, accept: str = "", formats: str = "") -> Any:
    """A place for a file. Its value is the upload's token, told by the event `upload`; "" when it is done."""
    formats = formats or limits.in_words()
    accepted = f' accept="{text(accept)}"' if accept else ""
    return gr.HTML(
        value="",
        html_template=(
            f'<div class="v-drop{" small" if small else ""}" data-most="{limits.upload_bytes}">'
            f"<strong>{text(label)}</strong><span>{text(formats)}</span>"
            '<progress max="1" value="0" aria-label="Sent"></progress>'
            '<span class="v-says" role="status"></span>'
            f'<input type="file"{accepted} aria-label="{text(label)}"></div>'
        ),
        js_on_load="window.v2mDrop(element, props, trigger, watch);",
        apply_default_css=False,
    )


def sample_row(samples: Mapping[str, Sample]) -> Any:
    """Sample clips to choose from; the event `select` tells the name."""
    buttons = "".join(
        f'<button type="button" data-name="{text(name)}"><img alt="" src="{sample.thumbnail}">'
        f"<span><b>{text(sample.title)}</b><small>{text(sample.shows)}</small></span></button>"
        for name, sample in samples.items()
    )
    return gr.HTML(
        html_template=f'<div class="v-samples"><span>or try one</span>{buttons}</div>' if buttons else "",
        js_on_load=(
            "element.addEventListener('click', (event) => { const button = event.target.closest('button'); "
            "if (button) trigger('select', { name: button.dataset.name }); });"
        ),
        apply_default_css=False,
    )


def error_card(line: str, more: str = "") -> str:
    """What went wrong, in one line."""
    below = f"<small>{text(more)}</small>" if more else ""
    return f'<div class="v-card v-error" role="alert">{text(line)}{below}</div>'


def progress_card(heading: str, stages: Sequence[str], shares: Mapping[str, float]) -> str:
    """Stages in their order, each with its bar; the one that is under way stands out."""
    rows = []
    last = max((nth for nth, stage in enumerate(stages) if stage in shares), default=-1)
    for nth, stage in enumerate(stages):
        # What a stage after it has begun without was up to date already.
        share = 1.0 if nth < last else shares.get(stage, 0.0)
        state = "done" if share >= 1.0 else "now" if nth == last else "later"
        percent = {"done": "done", "now": f"{100 * share:.0f} %", "later": ""}[state]
        bar = f'<progress max="1" value="{share:.3f}" aria-label="{text(stage)}"></progress>'
        current = ' aria-current="step"' if state == "now" else ""
        rows.append(
            f'<li class="{state}"{current}><span>{text(stage)}</span>{bar}<span>{percent}</span></li>'
        )
    return (
        f'<div class="v-card v-progress"><h3 role="status">{text(heading)}</h3><ol>{"".join(rows)}</ol></div>'
    )


def waiting_card(before: int) -> str:
    """How many are before one in the line."""
    who = "One piece is" if before == 1 else f"{before} pieces are"
    return (
        f'<div class="v-card"><p role="status"><b>Waiting for its turn.</b> {who} before yours; '
        "one is made at a time.</p></div>"
    )


@dataclass(frozen=True)
class Player:
    """A clip to play: its address, its heading, and a word beside it."""

    address: str
    heading: str
    beside: str = ""
    poster: str = ""


def players(*shown: Player) -> str:
    """Clips side by side, the first the largest."""
    figures = []
    for player in shown:
        poster = f' poster="{text(player.poster)}"' if player.poster else ""
        figures.append(
            f'<figure><video controls playsinline preload="metadata" src="{text(player.address)}"{poster} '
            f'aria-label="{text(player.heading)}"></video>'
            f"<figcaption><b>{text(player.heading)}</b><span>{text(player.beside)}</span></figcaption></figure>"
        )
    return f'<div class="v-players{" one" if len(shown) == 1 else ""}">{"".join(figures)}</div>'


def a_and_b(a: Player, b: Player) -> str:
    """Two versions in one place: one is in sight and heard, the other keeps its clock."""
    if a.address == b.address:
        return players(b)
    figures, switches = [], []
    for letter, player, shown in (("A", a, False), ("B", b, True)):
        hidden = "" if shown else " hidden"
        figures.append(
            f'<video controls playsinline preload="auto" data-side="{letter}" src="{text(player.address)}" '
            f'aria-label="{letter}: {text(player.heading)}"{hidden}></video>'
        )
        switches.append(
            f'<button type="button" data-side="{letter}" aria-pressed="{"true" if shown else "false"}">'
            f"<b>{letter}</b> {text(player.heading)}</button>"
        )
    return (
        f'<div class="v-players one v-ab"><figure>{"".join(figures)}</figure>'
        f'<div class="v-switch" role="group" aria-label="Which version is heard">{"".join(switches)}'
        "</div></div>"
    )


def heading(name: str, below: str = "") -> Any:
    """The heading of a group of choices."""
    hint = f"<span>{text(below)}</span>" if below else ""
    return gr.HTML(f'<h3 class="v-heading">{text(name)}{hint}</h3>', apply_default_css=False)


def facts(words: Iterable[str]) -> str:
    """Short facts in a line."""
    return f'<p class="v-facts">{" ".join(f"<span>{text(word)}</span>" for word in words)}</p>'


def notes(sentences: Sequence[str]) -> str:
    """What a reader should know, small."""
    rows = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="v-notes">{rows}</ul>' if rows else ""


@dataclass(frozen=True)
class Download:
    """A file to take: its address, what it is, what it is called when it is saved, and its size."""

    address: str
    label: str
    save_as: str
    size_bytes: int


def downloads(files: Sequence[Download]) -> str:
    """Links that save."""
    links = "".join(
        f'<a href="{text(file.address)}" download="{text(file.save_as)}">{text(file.label)}'
        f"<small>{_size(file.size_bytes)}</small></a>"
        for file in files
    )
    return f'<nav class="v-takes" aria-label="Downloads">{links}</nav>'


def fit_frame(address: str) -> str:
    """The page of a score, framed; it tells how high it is."""
    return (
        '<div class="v-fit-head"><h2>How well it fits</h2>'
        f'<a href="{text(address)}" target="_blank" rel="noopener">Every measure, on a page of its own</a>'
        "</div>"
        f'<iframe class="v-fit" src="{text(address)}" sandbox="allow-scripts" '
        'title="Film strip, cuts, beats, notes and scores on one time axis"></iframe>'
    )


def sound_under(address: str, title: str) -> str:
    """Music that plays with the clip above it, instead of the clip's own sound."""
    return (
        f'<figure class="v-under"><audio controls preload="metadata" src="{text(address)}" '
        f'aria-label="{text(title)}"></audio><figcaption>{text(title)}, played with the clip</figcaption>'
        "</figure>"
    )


def chosen(clip: Source | None, music: Source | None) -> str:
    """What was brought, in words."""
    rows = "".join(
        f"<dt>{name}</dt><dd>{text(one.title)}<small>{text(one.admitted.about)}</small></dd>"
        for name, one in (("Clip", clip), ("Music", music))
        if one is not None
    )
    return f'<dl class="v-chosen">{rows}</dl>' if rows else ""


def address(token: str, name: str, *, fresh: bool = False) -> str:
    """Where a file of a shelf is fetched; a fresh address for one that was written anew."""
    return f"{FILES.lstrip('/')}/{token}/{name}" + (f"?{time.monotonic_ns():x}" if fresh else "")


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 else f"{max(count / 2**10, 1):.0f} kB"
