"""Sessions: a folder of files that a person can edit, each made from those before it, and kept up to date.

`open_session` makes one, `load_session` opens it again, `render_session` makes whatever is missing or
stale, `session_status` says what that is, and `regenerate` writes a part of one file anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.whole import write_whole
from v2m.report import Run, RunReport
from v2m.session import settings as settings_file
from v2m.session.errors import CancelledError, SessionError
from v2m.session.settings import KEPT, Settings, read_settings, settings_to_json
from v2m.session.work import Work

if TYPE_CHECKING:
    pass

Progress = Callable[[str, float], None]
LOCK = ".lock"


@dataclass(frozen=True)
class Session:
    """A session's folder, and what was asked for when it was opened."""

    folder: Path
    settings: Settings

    @property
    def clip(self) -> Path:
        """The video."""
        return self.folder.parent / self.settings.clip

    @property
    def soundtrack(self) -> Path:
        """The soundtrack alone (WAV)."""
        return self.folder / "soundtrack.wav"

    @property
    def scored(self) -> Path | None:
        """The clip with the soundtrack; None until it is made."""
        return next(iter(sorted(self.folder.glob("scored.*"))), None)

    @property
    def stems(self) -> dict[str, Path]:
        """File name without ending → the stem of a voice (float WAV)."""
        return {path.stem: path for path in sorted((self.folder / "stems").glob("*.wav"))}


@dataclass(frozen=True)
class StageMade:
    """One file that was made: its stage, its name, the bars that were made anew (from 1; None: all)."""

    stage: str
    file: str
    bars: tuple[int, ...] | None


@dataclass(frozen=True)
class RenderResult:
    """What a render did.

    Attributes:
        session: the session.
        made: what was made, in order; nothing if all was up to date.
        yours: files that a person has edited and that stay as they are.
        notes: sentences for the person.
        stages_s: step → seconds.
        report: the run report, if the soundtrack is there.
    """

    session: Session
    made: tuple[StageMade, ...]
    yours: tuple[str, ...]
    notes: tuple[str, ...]
    stages_s: dict[str, float]
    report: RunReport | None


@dataclass(frozen=True)
class StageStatus:
    """How one file stands.

    Attributes:
        stage, file: which.
        state: `fresh`; `stale` (it will be made anew); `missing`; `waiting` (for one before it); `yours`
            (a person edited it, and it is kept); `yours, behind` (and what it is made from has changed).
        bars: the bars that are stale or behind, counted from 1; none: all of it.
    """

    stage: str
    file: str
    state: str
    bars: tuple[int, ...] = ()


@dataclass(frozen=True)
class SessionStatus:
    """How a session stands.

    Attributes:
        session: the session.
        stages: each, in order.
    """

    session: Session
    stages: tuple[StageStatus, ...]

    @property
    def up_to_date(self) -> bool:
        """Whether a render would make nothing."""
        return all(stage.state in ("fresh", "yours", "yours, behind") for stage in self.stages)


def session_folder(clip: Path | str) -> Path:
    """Where a clip's session is unless it is told otherwise: `clip.v2m` beside it."""
    clip = Path(clip)
    return clip.with_name(f"{clip.stem}.v2m")


def open_session(
    clip: Path | str,
    folder: Path | str | None = None,
    *,
    mode: str = "auto",
    style: str | None = None,
    key: str | None = None,
    tempo: float | None = None,
    metre: str | None = None,
    mood: str | None = None,
    seed: int = 0,
    at: str | Sequence[str] = (),
    curve: str | Sequence[str] = (),
    silences: str = "stills",
    generator: str = "auto",
    keep_tracks: Path | str | None = None,
    keep_audio: bool = False,
    lufs: float = -14.0,
    soundfont: Path | str | None = None,
    clip_model: Path | str | None = None,
    pose_model: Path | str | None = None,
) -> Session:
    """Make the folder of a session; `render_session` fills it.

    Args:
        clip: the video.
        folder: where; `NAME.v2m` beside the clip if None.
        keep_tracks: a MIDI file, copied into the session, whose tracks stay as they are.
        mode, style, key, tempo, metre, mood, seed, at, curve, silences, generator, keep_audio, lufs,
            soundfont, clip_model, pose_model: as for `v2m.soundtrack`.

    Raises:
        V2MError: one line: an option that is not understood, a clip that cannot be read, or a folder that
            exists. Nothing is left behind.
    """
    from encoders.clip import probe
    from v2m.chosen_models import choose_models
    from v2m.midi_reading import read_tracks
    from v2m.soundfont import find_soundfont

    clip = Path(clip)
    folder = session_folder(clip) if folder is None else Path(folder)
    files = {"soundfont": soundfont, "clip_model": clip_model, "pose_model": pose_model}
    wanted = Settings(
        clip=_path_from(clip, folder.absolute().parent),
        mode=mode,
        style=style,
        key=key,
        tempo=tempo,
        metre=metre,
        mood=mood,
        seed=seed,
        at=(at,) if isinstance(at, str) else tuple(at),
        curve=(curve,) if isinstance(curve, str) else tuple(curve),
        silences=silences,
        generator=generator,
        keep_tracks=keep_tracks is not None,
        keep_audio=keep_audio,
        lufs=lufs,
        **{name: None if path is None else str(Path(path).absolute()) for name, path in files.items()},
    )
    probe(clip)
    if keep_tracks is not None:
        read_tracks(Path(keep_tracks))
    choose_models(clip_model, pose_model)
    find_soundfont(None if soundfont is None else Path(soundfont))
    return _made_folder(folder, wanted, None if keep_tracks is None else Path(keep_tracks))


def _path_from(clip: Path, parent: Path) -> str:
    """The clip from the folder that holds the session, so that both can be moved; else its whole path."""
    whole = clip.absolute()
    return str(whole.relative_to(parent)) if whole.is_relative_to(parent) else str(whole)


def _made_folder(folder: Path, wanted: Settings, keep_tracks: Path | None) -> Session:
    if folder.exists():
        raise SessionError(f"{folder}: exists already; v2m render {folder} brings it up to date")
    part = folder.with_name(f".{folder.name}.part-{os.getpid()}")
    try:
        part.mkdir()
        if keep_tracks is not None:
            shutil.copyfile(keep_tracks, part / KEPT)
        write_whole(part / settings_file.NAME, settings_to_json(wanted).encode())
        part.rename(folder)
    except OSError as error:
        raise SessionError(f"{folder}: cannot be made ({error.strerror})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Session(folder.absolute(), wanted)


def load_session(folder: Path | str) -> Session:
    """Open a session that there is.

    Raises:
        SessionError: naming the file, the line and what was expected.
    """
    folder = Path(folder)
    if not (folder / settings_file.NAME).is_file():
        raise SessionError(
            f"{folder}: is no session (it has no {settings_file.NAME}); v2m open CLIP makes one"
        )
    return Session(folder.absolute(), read_settings(folder / settings_file.NAME))


def render_session(
    session: Session,
    *,
    until: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RenderResult:
    """Make whatever is missing or stale, and nothing else.

    Args:
        session: which.
        until: the last stage to bring up to date (`v2m.session.STAGES`); all if None.
        progress: called with a step's name and the share of it that is done, 0 to 1.
        cancelled: asked often; once it says yes, `CancelledError` is raised. What is finished is kept.

    Raises:
        V2MError: one line, for whatever the person can mend.
    """
    with _at_work(session, progress, cancelled) as work:
        return _up_to_date(session, work, until, [])


def regenerate(
    session: Session,
    stage: str,
    bars: str | None = None,
    *,
    voices: Collection[str] | None = None,
    pitches: tuple[int, int] = (0, 127),
    seed: int | None = None,
    until: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RenderResult:
    """Write a stage's file anew, even if a person has edited it, and then all that depends on it.

    Args:
        session: which.
        stage: its name.
        bars: `9-16`, `5` or `1-4, 9`: only these; every other bar stays as it is, note for note. All if None.
        voices: for `music`: only these voices; all but the melody's if None.
        pitches: for `melody` and `music`: only notes on these keys, the lowest and the highest.
        seed: another than the plan's; if None the next that was not used yet.
        until, progress, cancelled: as for `render_session`.

    Raises:
        V2MError: one line, for whatever the person can mend.
    """
    from v2m.session.regenerating import made_anew

    with _at_work(session, progress, cancelled) as work:
        made = made_anew(
            work, stage, bars, voices, pitches, seed, lambda until: _up_to_date(session, work, until, [])
        )
        return _up_to_date(session, work, until, made)


def review_session(
    session: Session,
    *,
    llm: str | None = None,
    llm_model: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RenderResult:
    """Let critics measure the music and change the plan where that helps; then make all that depends on it.

    Args:
        session: which.
        llm, llm_model: as for `v2m.soundtrack`: a language model joins the critics.
        progress, cancelled: as for `render_session`.

    Raises:
        V2MError: one line, for whatever the person can mend; if the music is a person's own, say.
    """
    from v2m.llm.endpoint import make_endpoint
    from v2m.session.reviewing import reviewed

    endpoint = None if llm is None else make_endpoint(llm, llm_model)
    with _at_work(session, progress, cancelled) as work:
        made = reviewed(work, endpoint, lambda until: _up_to_date(session, work, until, []))
        return _up_to_date(session, work, None, made)


def session_status(session: Session) -> SessionStatus:
    """How each stage's file stands; nothing is made.

    Raises:
        V2MError: one line, if a file cannot be read.
    """
    from v2m.session.running import standing

    return SessionStatus(session, standing(Work(session.folder, session.settings, Run())))


def _up_to_date(session: Session, work: Work, until: str | None, made: list[StageMade]) -> RenderResult:
    from v2m.session.running import bring_up_to_date, edited_files

    made, report = bring_up_to_date(work, until, made)
    return RenderResult(
        session,
        tuple(made),
        edited_files(work),
        tuple(work.run.notes),
        {name: round(seconds, 3) for name, seconds in work.run.seconds.items()},
        report,
    )


@contextmanager
def _at_work(
    session: Session, progress: Progress | None, cancelled: Callable[[], bool] | None
) -> Iterator[Work]:
    """The session with nobody else at it; what was left half-made is cleared before and after."""

    def told(stage: str, share: float) -> None:
        if cancelled is not None and cancelled():
            raise CancelledError("called off; what was finished is kept")
        if progress is not None:
            progress(stage, share)

    with _locked(session.folder):
        work = Work(session.folder, session.settings, Run(told))
        shutil.rmtree(work.scratch, ignore_errors=True)
        try:
            work.scratch.mkdir()
            yield work
        except OSError as error:
            raise SessionError(f"{session.folder}: cannot be written ({error.strerror or error})") from error
        finally:
            shutil.rmtree(work.scratch, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a second process out; the lock goes when this one ends, however it does."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks
        yield
        return
    try:
        file = (folder / LOCK).open("a")
    except OSError as error:
        raise SessionError(f"{folder}: cannot be written ({error.strerror})") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SessionError(f"{folder}: another v2m is at work on this session") from error
        yield
