"""The second tab: a version's cue sheet, what can be changed in it, and two versions side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from encoders.errors import V2MError
from generators.wishes import MOODS
from v2m.page import jobs, parts, sheet
from v2m.page.choices import known_styles
from v2m.page.compose_tab import ComposeTab
from v2m.page.desk import LAY, MEASURE, PLAY, QUICK, WRITE, Desk, Source
from v2m.page.edits import ChangeSection, DeleteHit, Edit, MoveHit, Regenerate
from v2m.page.jobs import FILM, Measured, Rendered
from v2m.page.limits import LimitError
from v2m.page.version import Version
from v2m.page.work import Part

STAGES = [WRITE, PLAY, LAY, MEASURE]
_AS_IT_IS = "As it is"
_MOST_VERSIONS = 8
_NOTHING = (
    '<div class="v-card v-hint"><h3>Nothing to edit yet</h3>'
    "<p>Compose for a clip first. Then its hits, sections, bars and tracks can be changed here, "
    "and every version compared with another.</p></div>"
)


def build(desk: Desk, composed: ComposeTab) -> None:
    """Lay the tab out and connect it."""
    versions = gr.State([])
    with gr.Column(elem_classes="v-tab"):
        with gr.Row(elem_classes="v-work"):
            with gr.Column(elem_classes="v-stage"):
                stage = gr.HTML(_NOTHING, apply_default_css=False)
                progress = gr.HTML("", apply_default_css=False)
                lanes = gr.HTML("", js_on_load="window.v2mSheet(element, trigger);", apply_default_css=False)
            with gr.Column(elem_classes="v-side", visible=False) as side:
                form = _Form()
        fit = gr.HTML("", apply_default_css=False)

    shown = [stage, lanes, side, *form.filled]

    def opened(version: Version | None, source: Source | None) -> list[Any]:
        """The tab with the first version in it, or with none."""
        held = [version] if version is not None else []
        return [held, *_shown(held, source, 0, 0), "", ""]

    opening = {
        "inputs": [composed.version, composed.source],
        "outputs": [versions, *shown, progress, fit],
        **QUICK,
    }
    composed.done.then(opened, **opening)
    for event in composed.taken:
        event.then(opened, **opening)

    def picked(event: gr.EventData, held: list[Version], b: int) -> tuple[Any, ...]:
        """A hit or a section was chosen on the sheet, or a hit was dragged."""
        now = held[b].rendered.sheet if 0 <= b < len(held) else None
        hit, section = event._data.get("hit"), event._data.get("section")
        if now is not None and isinstance(hit, int) and 0 <= hit < len(now.hits):
            to_s = event._data.get("to", now.hits[hit].time_s)
            return hit, round(float(to_s), 3), gr.skip(), gr.skip(), gr.skip()
        if now is not None and isinstance(section, int) and 0 <= section < len(now.sections):
            line = now.sections[section]
            return gr.skip(), gr.skip(), section, line.first_bar, line.last_bar
        return (gr.skip(),) * 5

    lanes.select(
        picked, [versions, form.b], [form.hit, form.to, form.section, form.first, form.last], **QUICK
    )

    def hit_named(held: list[Version], b: int, hit: int | None) -> Any:
        return round(held[b].rendered.sheet.hits[hit].time_s, 3) if hit is not None else gr.skip()

    form.hit.input(hit_named, [versions, form.b, form.hit], form.to, **QUICK)

    def compared(held: list[Version], source: Source | None, a: int, b: int) -> list[Any]:
        return _shown(held, source, a, b)

    for chooser in (form.a, form.b):
        chooser.input(compared, [versions, composed.source, form.a, form.b], shown, **QUICK)

    def change(
        request: gr.Request,
        make: Callable[..., Edit],
        held: list[Version],
        source: Source | None,
        b: int,
        values: Any,
    ) -> Iterator[list[Any]]:
        """Have a change made to version `b`, as a version of its own, and show it beside that one."""
        keep = gr.skip()
        rest = [keep] * len(shown)
        busy, free = [gr.update(visible=True)], [gr.update(visible=False)]
        yield [keep, *rest, parts.waiting_card(0), keep, *busy]
        try:
            if source is None or not 0 <= b < len(held):
                raise LimitError("Compose for a clip first.")
            old = held[b]
            edit = make(*values)
            edit.check(old.rendered.sheet)
            told = edit.told(old.rendered.sheet)
            with desk.new_version(request, source) as made:
                before = desk.visitor(request).shelf(old.token)
                for event in desk.do(
                    request, jobs.change, before, made.folder / source.admitted.name, edit, source.title,
                    home=made.folder, heading=told.capitalize(), stages=STAGES,
                ):  # fmt: skip
                    if isinstance(event, Part) and isinstance(event.value, Rendered):
                        new = made.keep(event.value, told)
                        held = [*held, new][-_MOST_VERSIONS:]
                        at = held.index(old) if old in held else 0
                        yield [held, *_shown(held, source, at, len(held) - 1), parts.MEASURING, "", keep]
                    elif isinstance(event, Part) and isinstance(event.value, Measured):
                        yield [
                            keep,
                            *rest,
                            "",
                            parts.fit_frame(parts.address(made.token, event.value.page)),
                            keep,
                        ]
                    elif isinstance(event, str) and not made.kept:
                        yield [keep, *rest, event, keep, keep]
        except V2MError as error:
            yield [keep, *rest, parts.error_card(str(error)), keep, keep]
        yield [keep, *rest, keep, keep, *free]

    def connect(button: Any, make: Callable[..., Edit], *inputs: Any) -> None:
        def pressed(
            request: gr.Request, held: list[Version], source: Source | None, b: int, *values: Any
        ) -> Iterator[list[Any]]:
            yield from change(request, make, held, source, b, values)

        button.click(
            pressed,
            [versions, composed.source, form.b, *inputs],
            [versions, *shown, progress, fit, form.stop],
            **desk.slow,
        )

    connect(form.move, lambda hit, to: MoveHit(_index(hit), float(to or 0.0)), form.hit, form.to)
    connect(form.delete, lambda hit: DeleteHit(_index(hit)), form.hit)
    connect(
        form.apply,
        lambda section, mood, style: ChangeSection(_index(section), _other(mood), _other(style)),
        form.section, form.mood, form.style,
    )  # fmt: skip
    connect(
        form.again,
        lambda first, last, locked: Regenerate(_index(first), _index(last), tuple(locked)),
        form.first, form.last, form.locked,
    )  # fmt: skip
    form.stop.click(desk.stop, None, None, **QUICK)


class _Form:
    """What can be changed, in four groups, and which versions are heard."""

    def __init__(self) -> None:
        with gr.Group(elem_classes="v-group"):
            parts.heading("Versions", "A and B share a clock; what is changed is B")
            self.a = gr.Dropdown([], label="A")
            self.b = gr.Dropdown([], label="B, which is edited")
        with gr.Group(elem_classes="v-group"):
            parts.heading("A hit", "click one on the sheet, drag it, or name it")
            self.hit = gr.Dropdown([], label="Hit")
            self.to = gr.Number(None, label="Where it is met, seconds", step=0.05, minimum=0)
            with gr.Row():
                self.move = gr.Button("Move", variant="primary", size="sm")
                self.delete = gr.Button("Delete", size="sm")
        with gr.Group(elem_classes="v-group"):
            parts.heading("A section", "its mood; the style is the whole piece's")
            self.section = gr.Dropdown([], label="Section")
            with gr.Row():
                self.mood = gr.Dropdown(
                    [_AS_IT_IS, *((m.capitalize(), m) for m in MOODS)], value=_AS_IT_IS, label="Mood"
                )
                self.style = gr.Dropdown(
                    [_AS_IT_IS, *((s.capitalize(), s) for s in known_styles())],
                    value=_AS_IT_IS,
                    label="Style",
                )
            self.apply = gr.Button("Change the section", variant="primary", size="sm")
        with gr.Group(elem_classes="v-group"):
            parts.heading("Bars")
            with gr.Row():
                self.first = gr.Number(1, label="From bar", precision=0, minimum=1)
                self.last = gr.Number(1, label="To bar", precision=0, minimum=1)
            self.locked = gr.CheckboxGroup([], label="Locked tracks", info="these stay note for note")
            self.again = gr.Button("Write these bars anew", variant="primary", size="sm")
        self.stop = gr.Button("Stop", visible=False)

    @property
    def filled(self) -> list[Any]:
        """What is filled anew when another version is shown."""
        return [self.a, self.b, self.hit, self.to, self.section, self.first, self.last, self.locked]


def _shown(held: list[Version], source: Source | None, a: int, b: int) -> list[Any]:
    """The stage with versions `a` and `b`, the sheet of `b`, and the form filled from it."""
    if source is None or not 0 <= b < len(held):
        return [_NOTHING, "", gr.update(visible=False), *[gr.skip()] * 8]
    a = a if 0 <= a < len(held) else b
    names = [(version.name(k + 1), k) for k, version in enumerate(held)]
    now = held[b].rendered.sheet
    stage = parts.a_and_b(
        held[a].player(names[a][0], source.poster), held[b].player(names[b][0], source.poster)
    )
    stage += parts.facts(held[b].rendered.facts) + parts.downloads(held[b].downloads(source.title))
    hits = [(str(hit), k) for k, hit in enumerate(now.hits)]
    sections = [(str(section), k) for k, section in enumerate(now.sections)]
    return [
        stage,
        sheet.draw(now, parts.address(held[b].token, FILM)),
        gr.update(visible=True),
        gr.update(choices=names, value=a),
        gr.update(choices=names, value=b),
        gr.update(choices=hits, value=0 if hits else None),
        round(now.hits[0].time_s, 3) if hits else None,
        gr.update(choices=sections, value=0),
        1,
        len(now.downbeats_s),
        gr.update(choices=[track.name for track in now.tracks], value=[]),
    ]


def _index(said: Any) -> int:
    return int(said) if isinstance(said, int | float) and not isinstance(said, bool) else -1


def _other(said: Any) -> str | None:
    return None if said in (None, _AS_IT_IS) else str(said)
