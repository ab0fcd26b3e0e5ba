"""What every tab works with: who asks, what is theirs, and the work that is done for them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from encoders.errors import V2MError
from v2m.page import parts
from v2m.page.admit import POSTER, Admitted, admit_clip, admit_music
from v2m.page.gate import cookie_in
from v2m.page.jobs import Rendered
from v2m.page.limits import LimitError, Limits
from v2m.page.line import Line
from v2m.page.routes import TITLE, UPLOADED
from v2m.page.version import Version
from v2m.page.visitors import Visitor, Visitors, touch
from v2m.page.work import Job, Part, Progress, Workshop

if TYPE_CHECKING:
    from v2m.page.samples import Sample

QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""How an event is handled that takes no time."""
TURNED_AWAY = 8
"""So many more than the line holds are listened to at once; beyond that Gradio itself turns them away."""
_WAIT_S = 0.6
LOOK, LISTEN, PLAN, WRITE, PLAY, LAY = (
    "Look at the picture",
    "Listen for speech",
    "Plan bars and hits",
    "Write the music",
    "Play and mix",
    "Lay it under the clip",
)
CHOOSE, MEASURE = "Choose the best", "Measure the fit"
# A stage of a session, or of a score → what it is called here, and which part of that it is.
STAGES = {
    "look": (LOOK, 0.0, 1.0),
    "listen": (LISTEN, 0.0, 1.0),
    "spotting": (PLAN, 0.0, 0.4),
    "plan": (PLAN, 0.4, 1.0),
    "harmonise": (WRITE, 0.0, 0.2),
    "harmony": (WRITE, 0.2, 0.3),
    "arrangement": (WRITE, 0.3, 0.4),
    "melody": (WRITE, 0.4, 0.6),
    "music": (WRITE, 0.6, 0.9),
    "mix": (WRITE, 0.9, 1.0),
    "render": (PLAY, 0.0, 1.0),
    "composite": (LAY, 0.0, 1.0),
    "choose": (CHOOSE, 0.0, 1.0),
    "measure": (MEASURE, 0.0, 1.0),
}


@dataclass(frozen=True)
class Source:
    """A clip, or a piece of music, that a visitor has brought or chosen.

    Attributes:
        token: of the shelf it lies on.
        title: what they call it.
        admitted: what was found in it.
    """

    token: str
    title: str
    admitted: Admitted

    @property
    def address(self) -> str:
        """Where the browser fetches it."""
        return parts.address(self.token, self.admitted.name)

    @property
    def poster(self) -> str:
        """Where the browser fetches a picture of it."""
        return parts.address(self.token, POSTER)


@dataclass
class NewVersion:
    """A version in the making."""

    folder: Path
    kept: bool = False

    @property
    def token(self) -> str:
        """Of its shelf."""
        return self.folder.name

    def keep(self, rendered: Rendered, told: str = "") -> Version:
        """Say that it is whole, and what was changed."""
        self.kept = True
        return Version.on(self.folder, rendered, told)


@dataclass(repr=False)
class Desk:
    """One page's visitors, its line and its workshop."""

    limits: Limits
    visitors: Visitors
    samples: Mapping[str, Sample] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workshop = Workshop(self.limits)
        self.line = Line(self.limits.waiting)

    @property
    def slow(self) -> dict[str, Any]:
        """How an event is handled that waits in the line and works."""
        return {
            "show_progress": "hidden",
            "api_visibility": "private",
            "concurrency_id": "work",
            # All who may stand in the line, and some who are told at once that it is full.
            "concurrency_limit": self.limits.waiting + TURNED_AWAY,
        }

    def visitor(self, request: gr.Request) -> Visitor:
        """Who asks.

        Raises:
            LimitError: if they have no cookie of ours.
        """
        visitor = self.visitors.known(cookie_in(request.headers.get("cookie") or ""))
        if visitor is None:
            raise LimitError("This page needs its cookie to know whose files are whose: load it anew.")
        return visitor

    def owner(self, request: gr.Request) -> str:
        """The visitor and the page they ask from: what is stopped when that page is closed."""
        return f"{self.visitor(request).folder.name}:{request.session_hash}"

    def stop(self, request: gr.Request) -> None:
        """Stop what this page has asked for, under way or waiting."""
        try:
            owner = self.owner(request)
        except LimitError:
            return
        self.line.leave(owner)
        self.workshop.stop(owner)

    def take(self, request: gr.Request, token: Any, *, music: bool = False) -> Source:
        """Look at a file that was uploaded.

        Raises:
            V2MError: one line, if it is not there, or not what it should be; then it is removed.
        """
        visitor = self.visitor(request)
        shelf = visitor.shelf(str(token))
        try:
            job = admit_music if music else admit_clip
            admitted = self._at_once(self.owner(request), job, shelf / UPLOADED, self.limits, home=shelf)
        except V2MError:
            shutil.rmtree(shelf, ignore_errors=True)
            raise
        title = (shelf / TITLE).read_text(encoding="utf-8")
        return Source(shelf.name, title, admitted)

    def take_sample(self, request: gr.Request, name: Any) -> Source:
        """Put a sample clip on a shelf of theirs.

        Raises:
            V2MError: one line, if there is no such sample, or no room.
        """
        sample = self.samples.get(str(name))
        if sample is None:
            raise LimitError("There is no such sample.")
        visitor = self.visitor(request)
        shelf = self.visitors.new_shelf(visitor, sample.path.stat().st_size)
        shutil.copyfile(sample.path, shelf / UPLOADED)
        (shelf / TITLE).write_text(sample.title, encoding="utf-8")
        return self.take(request, shelf.name)

    def clip(self, request: gr.Request, source: Source | None) -> Path:
        """The file of the clip they work on.

        Raises:
            LimitError: if they have chosen none yet, or it is gone.
        """
        if source is None:
            raise LimitError("Choose a clip first.")
        shelf = self.visitor(request).shelf(source.token)
        touch(shelf)
        return shelf / source.admitted.name

    @contextmanager
    def new_version(self, request: gr.Request, source: Source) -> Iterator[NewVersion]:
        """A shelf for a version, with the clip on it; removed again unless something was kept."""
        clip = self.clip(request, source)
        folder = self.visitors.new_shelf(self.visitor(request))
        os.link(clip, folder / clip.name)
        made = NewVersion(folder)
        try:
            yield made
        finally:
            if not made.kept:
                shutil.rmtree(folder, ignore_errors=True)

    def do(
        self, request: gr.Request, job: Job, *arguments: Any, home: Path, heading: str, stages: list[str]
    ) -> Iterator[str | Part]:
        """Wait for one's turn and have a job done.

        Args:
            request: who asks.
            job, arguments, home: see `Workshop.run`.
            heading: what is being done, over the bars.
            stages: those that are expected, in order, by the words of `STAGES`.

        Yields:
            The card that shows how far it is, as HTML, and the parts that the job makes.

        Raises:
            V2MError: one line, if it is refused, stopped or crashes.
        """
        owner = self.owner(request)
        names = list(stages)
        with self.line.place(owner) as place:
            while before := place.before():
                yield parts.waiting_card(before)
                time.sleep(_WAIT_S)
            shares: dict[str, float] = {}
            yield parts.progress_card(heading, names, shares)
            for event in self.workshop.run(owner, job, *arguments, home=home):
                place.before()
                if isinstance(event, Part):
                    yield event
                elif _told(event, names, shares):
                    yield parts.progress_card(heading, names, shares)

    def _at_once(self, owner: str, job: Job, *arguments: Any, home: Path) -> Any:
        """The one thing that a short job makes; it does not wait in the line."""
        for event in self.workshop.run(owner, job, *arguments, home=home):
            if isinstance(event, Part):
                return event.value
        raise LimitError("Nothing came of it.")

    def close(self) -> None:
        """Stop all work and remove all files."""
        self.workshop.close()
        self.visitors.close()


def _told(event: Progress, names: list[str], shares: dict[str, float]) -> bool:
    """Enter how far a stage is; whether it is one that is shown. One that was not expected is put in."""
    if event.stage in STAGES:
        name, begin, end = STAGES[event.stage]
    elif event.stage.startswith("candidate"):
        name, begin, end = event.stage.capitalize(), 0.0, 1.0
    else:
        return False
    if name not in names:
        last = max((names.index(told) for told in shares), default=-1)
        names.insert(last + 1, name)
    shares[name] = max(shares.get(name, 0.0), begin + (end - begin) * event.share)
    return True
