"""The third tab: how well any music fits any clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from encoders.errors import V2MError
from v2m.page import jobs, parts
from v2m.page.desk import MEASURE, QUICK, Desk, Source
from v2m.page.jobs import Measured
from v2m.page.limits import LimitError
from v2m.page.work import Part

_NO_SOUND = "The clip is silent: bring the music that it is to be measured with."


def build(desk: Desk) -> None:
    """Lay the tab out and connect it."""
    clip, music = gr.State(None), gr.State(None)
    with gr.Column(elem_classes="v-tab"):
        with gr.Row(elem_classes="v-work"):
            with gr.Column(elem_classes="v-stage"):
                stage = gr.HTML(_hint(), apply_default_css=False)
            with gr.Column(elem_classes="v-side"):
                drop_clip = parts.dropzone("The clip", desk.limits, small=True, accept=parts.VIDEO)
                drop_music = parts.dropzone(
                    "The music",
                    desk.limits,
                    small=True,
                    accept=parts.SOUND,
                    formats="if it is not in the clip",
                )
                told = gr.HTML("", apply_default_css=False)
                start = gr.Button("Measure", variant="primary", size="lg", interactive=False)
                stop = gr.Button("Stop", size="lg", visible=False)
        fit = gr.HTML("", apply_default_css=False)

    def take_clip(request: gr.Request, token: Any, other: Source | None) -> tuple[Any, ...]:
        try:
            taken = desk.take(request, token)
        except V2MError as error:
            return (
                None,
                parts.error_card(str(error)),
                "",
                parts.chosen(None, other),
                gr.update(interactive=False),
                "",
            )
        return taken, _shown(taken, other), "", parts.chosen(taken, other), gr.update(interactive=True), ""

    def take_music(request: gr.Request, token: Any, of: Source | None) -> tuple[Any, ...]:
        try:
            taken = desk.take(request, token, music=True)
        except V2MError as error:
            return None, parts.error_card(str(error)), "", parts.chosen(of, None), ""
        return taken, _shown(of, taken) if of else gr.skip(), "", parts.chosen(of, taken), ""

    drop_clip.upload(take_clip, [drop_clip, music], [clip, stage, fit, told, start, drop_clip], **QUICK)
    drop_music.upload(take_music, [drop_music, clip], [music, stage, fit, told, drop_music], **QUICK)

    def measure(request: gr.Request, of: Source | None, by: Source | None) -> Iterator[tuple[Any, ...]]:
        keep = gr.skip()
        yield parts.waiting_card(0), "", gr.update(visible=False), gr.update(visible=True)
        try:
            picture = desk.clip(request, of)
            assert of is not None
            if by is None and not of.admitted.has_sound:
                raise LimitError(_NO_SOUND)
            sound = None if by is None else desk.clip(request, by)
            for event in desk.do(
                request, jobs.measure, picture, sound, None, None, of.title,
                home=picture.parent, heading=f"Measuring “{of.title}”", stages=[MEASURE],
            ):  # fmt: skip
                if isinstance(event, Part) and isinstance(event.value, Measured):
                    page = parts.address(of.token, event.value.page, fresh=True)
                    yield _shown(of, by), parts.fit_frame(page), keep, keep
                elif isinstance(event, str):
                    yield event, keep, keep, keep
        except V2MError as error:
            yield parts.error_card(str(error)), "", keep, keep
        yield keep, keep, gr.update(visible=True), gr.update(visible=False)

    start.click(measure, [clip, music], [stage, fit, start, stop], js=parts.SHOW_STAGE, **desk.slow)
    stop.click(desk.stop, None, None, **QUICK)


def _hint() -> str:
    return (
        '<div class="v-card v-hint"><h3>Does the music fit the picture, and would chance do as well?</h3>'
        "<p>Bring a clip with its music in it, or a clip and the music apart. Every score that depends on "
        "timing stands beside what the same music gets when it is shifted in time.</p></div>"
    )


def _shown(clip: Source | None, music: Source | None) -> str:
    if clip is None:
        return _hint()
    player = parts.Player(clip.address, clip.title, clip.admitted.about, clip.poster)
    under = "" if music is None else parts.sound_under(music.address, music.title)
    return parts.players(player) + under
