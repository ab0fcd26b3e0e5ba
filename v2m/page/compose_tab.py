"""The first tab: a clip comes in, is given music, and stands beside the original."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from encoders.errors import V2MError
from generators.wishes import MOODS
from v2m.page import jobs, parts
from v2m.page.choices import FOLLOWS, FROM_PICTURE, MOST_SEED, WRITERS, Choices, known_keys, known_styles
from v2m.page.desk import LAY, LOOK, MEASURE, PLAN, PLAY, QUICK, WRITE, Desk, Source
from v2m.page.jobs import Measured, Rendered
from v2m.page.version import Version
from v2m.page.work import Part

STAGES = [LOOK, PLAN, WRITE, PLAY, LAY, MEASURE]


@dataclass(frozen=True)
class ComposeTab:
    """What other tabs need of the first: states, and the events after which they are new."""

    source: Any
    version: Any
    taken: list[Any]
    done: Any


def build(desk: Desk) -> ComposeTab:
    """Lay the tab out and connect it."""
    source, version = gr.State(None), gr.State(None)
    with gr.Column(elem_classes="v-tab"):
        with gr.Row(elem_classes="v-work"):
            with gr.Column(elem_classes="v-stage", elem_id="compose-stage"):
                with gr.Column() as chooser:
                    drop = parts.dropzone("Drop a clip here, or choose one", desk.limits, accept=parts.VIDEO)
                    samples = parts.sample_row(desk.samples)
                stage = gr.HTML("", apply_default_css=False)
                again = gr.Button("Choose another clip", size="sm", elem_classes="v-quiet", visible=False)
            with gr.Column(elem_classes="v-side"):
                form = _form()
                start = gr.Button("Compose", variant="primary", size="lg", interactive=False)
                stop = gr.Button("Stop", size="lg", visible=False)
        fit = gr.HTML("", apply_default_css=False)

    def take(request: gr.Request, token: Any) -> list[Any]:
        return _taken(lambda: desk.take(request, token))

    def take_sample(request: gr.Request, event: gr.EventData) -> list[Any]:
        return _taken(lambda: desk.take_sample(request, event._data.get("name")))

    outputs = [source, version, stage, fit, chooser, again, start, drop]
    taken = [
        drop.upload(take, drop, outputs, **QUICK),
        samples.select(take_sample, None, outputs, **QUICK),
        again.click(_forgotten, None, outputs, **QUICK),
    ]

    def compose(request: gr.Request, chosen: Source | None, *values: Any) -> Iterator[tuple[Any, ...]]:
        keep = gr.skip()
        yield (
            None,
            parts.waiting_card(0),
            "",
            gr.update(visible=False),
            gr.update(visible=True),
            gr.update(visible=False),
        )
        try:
            choices = Choices.of_form(*values)
            clip = desk.clip(request, chosen)
            assert chosen is not None
            with desk.new_version(request, chosen) as made:
                for event in desk.do(
                    request, jobs.compose, made.folder / clip.name, choices, chosen.admitted.duration_s,
                    chosen.title,
                    home=made.folder, heading=f"Composing for “{chosen.title}”", stages=STAGES,
                ):  # fmt: skip
                    if isinstance(event, Part) and isinstance(event.value, Rendered):
                        now = made.keep(event.value)
                        yield now, result(chosen, now), parts.MEASURING, keep, keep, keep
                    elif isinstance(event, Part) and isinstance(event.value, Measured):
                        yield (
                            keep,
                            keep,
                            parts.fit_frame(parts.address(made.token, event.value.page)),
                            keep,
                            keep,
                            keep,
                        )
                    elif isinstance(event, str) and not made.kept:
                        yield keep, event, keep, keep, keep, keep
        except V2MError as error:
            yield keep, parts.error_card(str(error)), "", keep, keep, keep
        yield keep, keep, keep, gr.update(visible=True), gr.update(visible=False), gr.update(visible=True)

    done = start.click(
        compose, [source, *form], [version, stage, fit, start, stop, again], js=parts.SHOW_STAGE, **desk.slow
    )
    stop.click(desk.stop, None, None, **QUICK)
    return ComposeTab(source, version, taken, done)


def result(source: Source, version: Version) -> str:
    """The clip with its music beside the original, with what it is and what can be taken away."""
    rendered = version.rendered
    scored = version.player("With its music", source.poster)
    original = parts.Player(source.address, "Original", source.admitted.about, source.poster)
    return (
        parts.players(scored, original)
        + parts.facts(rendered.facts)
        + parts.downloads(version.downloads(source.title))
        + parts.notes(rendered.notes)
    )


def _form() -> list[Any]:
    """The choices, in the order in which `Choices.of_form` takes them."""
    follow = gr.Radio(list(FOLLOWS), value=next(iter(FOLLOWS)), label="Follow")
    style = gr.Dropdown(
        [FROM_PICTURE, *((name.capitalize(), name) for name in known_styles())],
        value=FROM_PICTURE,
        label="Style",
    )
    mood = gr.Dropdown(
        [FROM_PICTURE, *((name.capitalize(), name) for name in MOODS)], value=FROM_PICTURE, label="Mood"
    )
    with gr.Column(visible=False) as feeling:
        valence = gr.Slider(-1, 1, 0, step=0.05, label="Valence", info="dark to bright")
        arousal = gr.Slider(-1, 1, 0, step=0.05, label="Arousal", info="calm to excited")
    keep_audio = gr.Checkbox(label="Keep the clip's own sound", value=False)
    with gr.Accordion("More", open=False):
        key = gr.Dropdown([FROM_PICTURE, *known_keys()], value=FROM_PICTURE, label="Key")
        with gr.Row():
            tempo = gr.Number(0, label="Tempo", info="0 lets it choose", minimum=0, maximum=240)
            seed = gr.Number(0, label="Seed", info="another piece", precision=0, minimum=0, maximum=MOST_SEED)
        writer = gr.Radio(list(WRITERS), value=next(iter(WRITERS)), label="Chords by")
        candidates = gr.Slider(1, 4, 1, step=1, label="Candidates", info="the best of so many is kept")

    def moved(named: str) -> tuple[Any, ...]:
        if named not in MOODS:
            return gr.update(visible=False), 0, 0
        return gr.update(visible=True), *MOODS[named]

    mood.input(moved, mood, [feeling, valence, arousal], **QUICK)
    return [follow, style, mood, valence, arousal, key, tempo, writer, keep_audio, seed, candidates]


def _taken(take: Callable[[], Source]) -> list[Any]:
    """The tab with a clip in it, or with the reason why not."""
    try:
        source = take()
    except V2MError as error:
        return [
            None,
            None,
            parts.error_card(str(error)),
            "",
            gr.update(visible=True),
            gr.update(visible=False),
            gr.update(interactive=False),
            "",
        ]
    player = parts.Player(source.address, source.title, source.admitted.about, source.poster)
    return [
        source,
        None,
        parts.players(player),
        "",
        gr.update(visible=False),
        gr.update(visible=True),
        gr.update(interactive=True),
        "",
    ]


def _forgotten() -> list[Any]:
    """The tab as it was in the beginning."""
    return [
        None,
        None,
        "",
        "",
        gr.update(visible=True),
        gr.update(visible=False),
        gr.update(interactive=False),
        "",
    ]
