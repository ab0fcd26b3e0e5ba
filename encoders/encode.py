"""A `Clip` → its `Streams`: one decoding pass that all senses see, then what each has to say.

The decoder and each sense have a thread of their own, joined by short queues: the work is in
code that lets go of the interpreter (decord, OpenCV, mediapipe), so two cores are both kept
busy, and the slowest of them sets the pace while at most a few batches wait in memory.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.clip import Clip
from encoders.errors import StreamError
from encoders.frames import FrameBatch, analysed_frames, read
from encoders.sense import Sense
from encoders.stream import Stream, Streams

if TYPE_CHECKING:
    from encoders.semantics import ClipModel

MAX_RATE_HZ = 30.0
SHORT_SIDE = 256

# Batches that may wait for a sense: long enough that decoding goes on while a sense loads its
# model, short enough to stay under 60 MB (senses share the batches).
_QUEUED = 6
_POLL_S = 0.05
# A shorter stretch that does not decode at the end is a frozen picture, not a shorter clip.
_LOST_TAIL_S = 0.25
# The part of the progress that is the pass; the rest is the senses' finishing.
_PASS_SHARE = 0.95


def _cuts() -> Sense:
    from encoders.cuts import CutsSense

    return CutsSense()


def _colour() -> Sense:
    from encoders.colour import ColourSense

    return ColourSense()


def _motion() -> Sense:
    from encoders.motion import MotionSense

    return MotionSense()


def _pose(model: Path | None) -> Sense:
    from encoders.pose import PoseSense

    return PoseSense(model)


def _semantics(model: ClipModel | None) -> Sense:
    from encoders.semantics import SemanticsSense

    return SemanticsSense(model)


def _affect() -> Sense:
    from encoders.affect import AffectSense

    return AffectSense()


SENSES = ("cuts", "colour", "motion", "pose", "semantics", "affect")
"""Every sense, in the order in which they finish: each may read the streams of those before it."""


def encode(
    clip: Clip,
    *,
    senses: Sequence[str] | None = None,
    clip_model: ClipModel | None = None,
    pose_model: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Streams:
    """Look at the whole clip once with every sense.

    Args:
        clip: what `probe` gave.
        senses: names out of `SENSES`; all of them if None.
        clip_model: the image-text model for `semantics`; without one its streams are masked.
        pose_model: a mediapipe `.task` file; without one, the model that mediapipe carries.
        progress: called from this thread with the share that is done, 0 to 1.

    Returns:
        The streams, with the clip's and the senses' notes. Where frames at the clip's end don't
        decode, `duration_s` ends with the last one that does, and a note says so.

    Raises:
        ClipError: if no frame decodes.
        StreamError: if a sense is asked for that there isn't.
    """
    chosen = SENSES if senses is None else tuple(senses)
    if unknown := [name for name in chosen if name not in SENSES]:
        raise StreamError(f"no sense is called {unknown[0]!r}; there are {', '.join(SENSES)}")
    factories: dict[str, Callable[[], Sense]] = {
        "cuts": _cuts,
        "colour": _colour,
        "motion": _motion,
        "pose": lambda: _pose(pose_model),
        "semantics": lambda: _semantics(clip_model),
        "affect": _affect,
    }
    return look(clip, [factories[name] for name in SENSES if name in chosen], progress)


@dataclass(frozen=True)
class Reader:
    """How the frames are decoded for the senses.

    Attributes:
        read: a clip → its frames in order, in batches.
        max_rate_hz: frames closer together than this are not among them.
    """

    read: Callable[[Clip], Iterator[FrameBatch]]
    max_rate_hz: float


def _at_model_size(clip: Clip) -> Iterator[FrameBatch]:
    return read(clip, short_side=SHORT_SIDE, max_rate_hz=MAX_RATE_HZ)


AT_MODEL_SIZE = Reader(_at_model_size, MAX_RATE_HZ)


def look(
    clip: Clip,
    factories: Sequence[Callable[[], Sense]],
    progress: Callable[[float], None] | None = None,
    *,
    reader: Reader = AT_MODEL_SIZE,
) -> Streams:
    """Show the clip to senses that are made here, and gather their streams in that order."""
    report = progress or (lambda share: None)
    one_pass = _Pass(clip, reader)
    with _opencv_in_one_thread():
        senses = one_pass.run(factories, lambda share: report(_PASS_SHARE * share))
    streams: dict[str, Stream] = {}
    notes = list(clip.notes)
    duration_s, missing = _what_decoded(clip, one_pass, reader.max_rate_hz)
    notes += missing
    for done, sense in enumerate(senses):
        for stream in sense.finish(streams):
            if stream.name in streams:
                raise StreamError(f"two senses give a stream called {stream.name}")
            streams[stream.name] = stream
        notes += sense.notes
        report(_PASS_SHARE + (1 - _PASS_SHARE) * (done + 1) / len(senses))
    return Streams(streams, duration_s, clip.content_hash, tuple(notes))


def _what_decoded(clip: Clip, done: _Pass, max_rate_hz: float) -> tuple[float, list[str]]:
    """How long the picture really is, and a sentence on the frames that did not decode."""
    due = analysed_frames(clip.frame_times_s, max_rate_hz)
    if done.seen == len(due):
        return clip.duration_s, []
    note = f"{len(due) - done.seen} of {len(due)} frames could not be decoded and are left out."
    gap_s = float(clip.frame_times_s[due[-1]]) - done.last_s
    if gap_s <= max(_LOST_TAIL_S, 2 * clip.frame_s):
        return clip.duration_s, [note]
    end_s = done.last_s + clip.frame_s
    return end_s, [note, f"The picture can be seen up to {end_s:.2f} s of {clip.duration_s:.2f} s."]


@contextmanager
def _opencv_in_one_thread() -> Iterator[None]:
    """Each sense has a thread; OpenCV's own would wait beside them, busily, for their next small picture."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class _Pass:
    """One decoding pass: a thread that reads, a thread for each sense.

    Attributes:
        seen: how many frames were decoded.
        last_s: the time of the last of them.
    """

    def __init__(self, clip: Clip, reader: Reader) -> None:
        self.seen = 0
        self.last_s = 0.0
        self._clip = clip
        self._reader = reader
        self._stop = threading.Event()
        self._failures: list[BaseException] = []

    def run(self, factories: Sequence[Callable[[], Sense]], report: Callable[[float], None]) -> list[Sense]:
        """Read the clip to its end; returns the senses, which have seen it all.

        Whatever is raised in a thread is raised here, after all threads have ended.
        """
        queues: list[queue.Queue[FrameBatch | None]] = [queue.Queue(_QUEUED) for _ in factories]
        reached_s = [0.0] * len(factories)
        senses: list[Sense] = []
        threads = [threading.Thread(target=self._guard, args=(self._feed, queues), name="decode")]
        threads[0].start()
        try:
            # Made one after another while the decoder starts: heavy imports dislike company.
            for number, make in enumerate(factories):
                sense = make()
                senses.append(sense)
                show = (self._show, sense, queues[number], reached_s, number)
                threads.append(threading.Thread(target=self._guard, args=show, name=sense.name))
                threads[-1].start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(_POLL_S)
                    report(min(reached_s, default=0.0) / self._clip.duration_s)
        finally:
            # Reached early by an interrupt, or by a sense that could not be made.
            if any(thread.is_alive() for thread in threads):
                self._stop.set()
            for thread in threads:
                thread.join()
        if self._failures:
            raise self._failures[0]
        return senses

    def _guard(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except BaseException as error:  # carried over to the thread that waits
            self._failures.append(error)
            self._stop.set()

    def _feed(self, queues: Sequence[queue.Queue[FrameBatch | None]]) -> None:
        for batch in self._reader.read(self._clip):
            self.seen += len(batch)
            self.last_s = float(batch.times_s[-1])
            for waiting in queues:
                self._put(waiting, batch)
            if self._stop.is_set():
                return
        for waiting in queues:
            self._put(waiting, None)

    def _put(self, waiting: queue.Queue[FrameBatch | None], batch: FrameBatch | None) -> None:
        while not self._stop.is_set():
            try:
                waiting.put(batch, timeout=_POLL_S)
                return
            except queue.Full:
                continue

    def _show(
        self, sense: Sense, waiting: queue.Queue[FrameBatch | None], reached_s: list[float], number: int
    ) -> None:
        while not self._stop.is_set():
            try:
                batch = waiting.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if batch is None:
                return
            sense.see(batch)
            reached_s[number] = float(batch.times_s[-1])
