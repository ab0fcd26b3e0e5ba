"""Work that takes long or opens a stranger's file, done in a process of its own.

A process can be stopped at any instant, gives all its memory back, and can crash alone. It tells how far
it is through a pipe; one thread here listens, keeps it within its limits, and ends it when nobody waits
for it any more.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import queue
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from encoders.errors import V2MError
from v2m.page.limits import MEGABYTE, Limits

_TICK_S = 0.2
_LOOK_S = 1.0
_FORSAKEN_S = 60.0
# Loaded once, before the first work: a process then begins in milliseconds.
_WARM = (
    "encoders.encode", "generators.plan", "generators.rhythm", "v2m.compositor", "v2m.midi",
    "v2m.mix", "v2m.render", "v2m.report", "v2m.scoring.clip", "v2m.score_page", "v2m.session",
)  # fmt: skip

Tell = Callable[[str, float], None]
Job = Callable[..., Iterator[Any]]
"""Takes `tell(stage, share)` and plain arguments; what it yields is plain data too."""


class WorkError(V2MError):
    """The work did not come to its end; the message is for the person who waits."""


class StoppedError(WorkError):
    """It was asked to stop."""

    def __init__(self) -> None:
        super().__init__("Stopped. Nothing was kept of it.")


@dataclass(frozen=True)
class Progress:
    """How far a stage is, 0 to 1."""

    stage: str
    share: float


@dataclass(frozen=True)
class Part:
    """Something that the work has made."""

    value: Any


class Workshop:
    """Runs work and knows whose it is."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if hasattr(self._context, "set_forkserver_preload"):
            self._context.set_forkserver_preload(["v2m.page.work", *_WARM])
        self._running: dict[str, set[_Work]] = {}
        self._guard = threading.Lock()

    def run(self, owner: str, job: Job, *arguments: Any, home: Path) -> Iterator[Progress | Part]:
        """Do a job in a process of its own.

        Args:
            owner: whose it is, for `stop`.
            job: a function of a module; see `Job`.
            arguments: of the job.
            home: where its temporary files go.

        Yields:
            How far it is, and what the job yields.

        Raises:
            V2MError: what the job refused, in its words; `StoppedError` if it was stopped; `WorkError`, one
                line, if it crashed or went over a limit.
        """
        try:
            work = _Work(self._context, self._limits, job, arguments, home)
        except (OSError, EOFError) as error:
            traceback.print_exc()
            raise WorkError("The page can start no work at the moment; please try again later.") from error
        with self._guard:
            self._running.setdefault(owner, set()).add(work)
        try:
            yield from work.events()
        finally:
            work.stop()
            with self._guard:
                self._running[owner].discard(work)
                if not self._running[owner]:
                    del self._running[owner]

    def busy(self, owner: str) -> bool:
        """Whether something of theirs is under way."""
        with self._guard:
            return owner in self._running

    def stop(self, owner: str) -> None:
        """Stop whatever is under way for somebody."""
        with self._guard:
            works = list(self._running.get(owner, ()))
        for work in works:
            work.stop()

    def close(self) -> None:
        """Stop everything."""
        with self._guard:
            owners = list(self._running)
        for owner in owners:
            self.stop(owner)


class _Work:
    """One process and the thread that listens to it."""

    def __init__(
        self, context: Any, limits: Limits, job: Job, arguments: tuple[Any, ...], home: Path
    ) -> None:
        self._limits = limits
        self._events: queue.Queue[Progress | Part | V2MError | None] = queue.Queue()
        self._stopped = threading.Event()
        self._waited_for_s = time.monotonic()
        receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_child, args=(sender, job.__module__, job.__name__, arguments, str(home)), daemon=True
        )
        self._process.start()
        sender.close()
        threading.Thread(target=self._listen, args=(receiver,), name="page-work", daemon=True).start()

    def events(self) -> Iterator[Progress | Part]:
        """What comes, until the end; raises what it ended with."""
        while True:
            self._waited_for_s = time.monotonic()
            try:
                event = self._events.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            if event is None:
                return
            if isinstance(event, V2MError):
                raise event
            yield event

    def stop(self) -> None:
        self._stopped.set()

    def _listen(self, pipe: Connection) -> None:
        begun_s = looked_s = time.monotonic()
        end: V2MError | None = WorkError("The work ended without a word, perhaps for want of memory.")
        try:
            while True:
                if self._stopped.is_set():
                    end = StoppedError()
                    break
                now_s = time.monotonic()
                if now_s - begun_s > self._limits.work_s:
                    end = WorkError(
                        f"This took longer than {self._limits.work_s / 60:.3g} minutes and was ended."
                    )
                    break
                if now_s - self._waited_for_s > _FORSAKEN_S:
                    end = StoppedError()
                    break
                if now_s - looked_s > _LOOK_S:
                    looked_s = now_s
                    if _resident_bytes(self._process.pid) > self._limits.work_mb * MEGABYTE:
                        end = WorkError("This clip needs more memory than there is for one visitor.")
                        break
                if not pipe.poll(_TICK_S):
                    continue
                kind, *said = pipe.recv()
                if kind == "progress":
                    self._events.put(Progress(*said))
                elif kind == "part":
                    self._events.put(Part(*said))
                else:
                    end = None if kind == "done" else WorkError(*said)
                    break
        except (EOFError, OSError):
            pass
        finally:
            self._end_process()
            pipe.close()
            self._events.put(end)

    def _end_process(self) -> None:
        """End the process and all that it has started."""
        pid = self._process.pid
        self._process.join(0.2)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()


def _resident_bytes(pid: int) -> int:
    """Memory that a process holds; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE")


def _child(pipe: Connection, module: str, name: str, arguments: tuple[Any, ...], home: str) -> None:
    """The process: its own group, so that ffmpeg goes with it; its own temporary folder."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    tempfile.tempdir = home
    os.environ["TMPDIR"] = home
    told: dict[str, float] = {}

    def tell(stage: str, share: float) -> None:
        # A few times a second is enough for a bar.
        now_s = time.monotonic()
        if 0.0 < share < 1.0 and now_s - told.get(stage, -1.0) < 0.15:
            return
        told[stage] = now_s
        pipe.send(("progress", stage, share))

    try:
        job: Job = getattr(importlib.import_module(module), name)
        for part in job(tell, *arguments):
            pipe.send(("part", part))
        pipe.send(("done",))
    except BrokenPipeError:
        sys.exit(1)
    except V2MError as error:
        pipe.send(("refused", _without_paths(str(error), arguments)))
    except MemoryError:
        pipe.send(("refused", "There was not enough memory for this clip."))
    except Exception as error:
        # A defect of ours: its trace is for whoever runs the page, one line for whoever waits.
        traceback.print_exc()
        pipe.send(
            ("crashed", f"Something went wrong on our side ({type(error).__name__}). Nothing was kept of it.")
        )


def _without_paths(message: str, arguments: tuple[Any, ...]) -> str:
    """The message in one line, without the folders that a visitor knows nothing of."""
    folders = sorted(
        {str(place) for a in arguments if isinstance(a, Path) for place in (a, a.parent)},
        key=len,
        reverse=True,
    )
    for folder in folders:
        message = message.replace(f"{folder}: ", "").replace(f"{folder}/", "").replace(folder, "the clip")
    line = " ".join(message.split())
    return line[:1].upper() + line[1:]
