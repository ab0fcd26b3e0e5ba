"""A folder of clips → their scores, several at once, and from where an earlier run broke off.

Every clip's result is a file of its own, NAME.score.json, that appears whole or not at all. It says
from which bytes, settings, models and versions it was made; where those are still the same, it is taken
as it is.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.container import open_container
from encoders.errors import ClipError, V2MError
from v2m.alignment.music_statistics import Statistics, describe
from v2m.alignment.piece import read_midi
from v2m.atomic import outputs
from v2m.scoring.clip import hashes, score_request
from v2m.scoring.request import Request, ScoringError, for_clip
from v2m.scoring.result import FORMAT, FORMAT_VERSION

SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".gif", ".mpg", ".ts"})
SCORES = "scores"
"""The folder for the results, in the folder of the clips, unless another is named."""

# One clip's decoder and libraries (measured: 0.71 GB with half a minute of a dancer in 1080p), and its sound
# (0.69 GB in all with a quarter of an hour).
_BYTES_A_CLIP = 800_000_000
_BYTES_A_SECOND = 280_000


@dataclass(frozen=True)
class FolderScore:
    """What came of a folder.

    Attributes:
        scores: of `ClipScore.as_dict`, in order of name.
        failures: clip → one line.
        reused: how many results were there already.
        places: clip → the file of its result.
        pieces: statistics of the notes of the clips that are scored with MIDI, in order of name.
    """

    scores: tuple[dict[str, Any], ...]
    failures: dict[str, str]
    reused: int
    places: dict[str, str]
    pieces: tuple[Statistics, ...] = ()


def clips_in(folder: Path) -> list[Path]:
    """The video files of a folder, in order of name; hidden ones and subfolders are left out.

    Raises:
        ScoringError: if there is none.
    """
    try:
        found = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise ScoringError(f"{folder}: cannot be read ({error.strerror})") from error
    if not found:
        raise ScoringError(f"{folder}: holds no video file")
    return found


def score_folder(
    folder: Path,
    request: Request,
    *,
    out: Path | None = None,
    workers: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> FolderScore:
    """Score every clip of a folder.

    Args:
        folder: of clips.
        request: for each of them; what it names may be folders, see `v2m.scoring.request.for_clip`.
        out: a folder for the results, made if it isn't there; `scores` in the clips' folder if None.
        workers: how many clips at once; as cores and memory allow if None.
        progress: called with the clip that is done, and the share of all.

    Raises:
        V2MError: if there is no clip, or the results cannot be written.
    """
    clips = clips_in(folder)
    home = (out or folder / SCORES).absolute()
    try:
        home.mkdir(exist_ok=True)
    except OSError as error:
        raise ScoringError(f"{home}: cannot be made ({(error.strerror or '').lower()})") from error
    places = {clip: home / f"{clip.name}.score.json" for clip in clips}
    failures: dict[str, str] = {}
    due: dict[Path, Request] = {}
    for clip in clips:
        try:
            due[clip] = for_clip(request, clip)
        except V2MError as error:
            failures[clip.name] = str(error)
    reused = {clip for clip, asked in due.items() if _is_done(places[clip], asked)}
    report = progress or (lambda name, share: None)
    longest_s = max((_length_s(clip) for clip in due if clip not in reused), default=0.0)
    with _pool(workers or workers_here(longest_s), len(due) - len(reused)) as pool:
        jobs = {
            pool.submit(_score_into, asked, places[clip]): clip
            for clip, asked in due.items()
            if clip not in reused
        }
        for done, (clip, failure) in enumerate(_as_they_end(jobs), 1):
            if failure is not None:
                failures[clip.name] = failure
            report(clip.name, done / len(jobs))
    scores = [_read(places[clip]) for clip in clips if clip in due and clip.name not in failures]
    told = {clip.name: str(places[clip]) for clip in due if clip.name not in failures}
    order = {clip.name: number for number, clip in enumerate(clips)}
    failures = dict(sorted(failures.items(), key=lambda pair: order[pair[0]]))
    with_notes = [due[clip] for clip in clips if clip in due and clip.name not in failures]
    pieces = tuple(describe(read_midi(asked.midi)) for asked in with_notes if asked.midi is not None)
    return FolderScore(tuple(scores), failures, len(reused), told, pieces)


def inputs_of(folder: Path, request: Request) -> list[Path]:
    """Every file that scoring the folder reads.

    Raises:
        ScoringError: if there is no clip.
    """
    found: list[Path] = []
    for clip in clips_in(folder):
        try:
            found += for_clip(request, clip).inputs
        except V2MError:
            # It lacks a companion: that is told when it is scored.
            found.append(clip)
    return found


def workers_here(longest_s: float) -> int:
    """As many as there are cores, if memory lets each of them score a clip of that length."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 1
    return max(1, min(cores, int(free // (_BYTES_A_CLIP + _BYTES_A_SECOND * longest_s))))


def _length_s(clip: Path) -> float:
    """How long a file says that it is; 0 where it does not."""
    try:
        with open_container(clip) as container:
            return max(0.0, (container.duration or 0) / 1e6)
    except ClipError:
        return 0.0


def _is_done(place: Path, request: Request) -> bool:
    """Whether a result is there that this request would give again."""
    from v2m.report import versions

    try:
        held = json.loads(place.read_text(encoding="utf-8"))
        if (held["format"], held["version"]) != (FORMAT, FORMAT_VERSION):
            return False
        settings = {"shifts": request.shifts, "seed": request.seed}
        same = held["settings"] == settings and held["versions"] == versions()
        same = same and held["models"] == request.models.told()
        return bool(same and held["inputs"] == hashes(request, {}))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _score_into(request: Request, place: Path) -> str | None:
    """Score one clip in a process of its own; one line if it cannot be."""
    try:
        result = score_request(request)
        with outputs(force=True, inputs=request.inputs) as files:
            files.claim(place).write_text(result.to_json() + "\n", encoding="utf-8")
    except V2MError as error:
        return " ".join(str(error).split())
    except MemoryError:
        return f"{request.clip}: not enough memory"
    except Exception as error:
        # A defect of ours, with one clip: the others are not to suffer for it.
        at = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())
        return f"{request.clip}: {type(error).__name__} at {Path(at.filename).name}:{at.lineno} ({said})"
    return None


@contextmanager
def _pool(workers: int, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with the block, whatever ends it."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(max(1, min(workers, jobs)), mp_context=context, initializer=_leave_signals)
    before = set(multiprocessing.active_children())
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    pool.shutdown()


def _leave_signals() -> None:
    """Ctrl-C reaches every process of a terminal; the first of them ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _as_they_end(jobs: dict[Future[str | None], Path]) -> Iterator[tuple[Path, str | None]]:
    waiting = set(jobs)
    while waiting:
        ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for job in ended:
            try:
                yield jobs[job], job.result()
            except BrokenExecutor:
                yield jobs[job], f"{jobs[job]}: the process that scored it was ended from outside"


def _read(place: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return read
