"""The page's long work, each a function that `v2m.page.work` runs in a process of its own."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2m.page.choices import Choices
from v2m.page.edits import Edit
from v2m.page.sheet import Sheet
from v2m.score_page.text import number

if TYPE_CHECKING:
    from v2m.alignment.seen import Seen
    from v2m.page.work import Tell
    from v2m.session import RenderResult, Session

WAV, MIDI, STEMS, SESSION = "soundtrack.wav", "music.mid", "stems.zip", "session.zip"
PLAN, FIT, FILM = "plan.json", "fit.html", "film.jpg"
SESSION_FOLDER = "clip.v2m"
# The strip is drawn this many lines high, and so many times as wide.
_STRIP_PX, _STRIP_ASPECT = 72, 15.0
_MEASURING = {"look": (0.0, 0.7), "listen": (0.7, 0.8), "compare": (0.8, 0.95)}


@dataclass(frozen=True)
class Rendered:
    """A version that is whole.

    Attributes:
        scored: the clip with its music, by its name on the shelf.
        facts: short words: style, key, tempo.
        notes: sentences that the person should know.
        sheet: its cue sheet.
    """

    scored: str
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    sheet: Sheet


@dataclass(frozen=True)
class Measured:
    """The page of a score is there, by its name on the shelf."""

    page: str


def compose(
    tell: Tell, clip: Path, choices: Choices, duration_s: float, title: str
) -> Iterator[Rendered | Measured]:
    """Give the clip music, and tell how well it fits; of several candidates the best is kept."""
    from v2m.session import open_session, render_session

    session = open_session(clip, clip.parent / SESSION_FOLDER, **choices.wishes(duration_s))
    result = render_session(session, progress=tell)
    if choices.candidates > 1:
        takes = [result, *(_another(tell, session, nth, choices) for nth in range(1, choices.candidates))]
        best = max(takes, key=_Judge(tell, choices.candidates))
        result = _put_in_place(best, takes)
    yield from _version(tell, clip, result, title)


def change(tell: Tell, before: Path, clip: Path, edit: Edit, title: str) -> Iterator[Rendered | Measured]:
    """Change a version, of which `before` is the shelf, into another on the clip's shelf."""
    from v2m.page.change import change_session
    from v2m.session import load_session

    folder = clip.parent / SESSION_FOLDER
    shutil.copytree(before / SESSION_FOLDER, folder)
    yield from _version(tell, clip, change_session(load_session(folder), edit, tell), title)


def _another(tell: Tell, session: Session, nth: int, choices: Choices) -> RenderResult:
    """The `nth` further candidate: a copy of the session with another seed in its plan."""
    from generators.plan_file import load_plan, save_plan
    from v2m.session import load_session, render_session

    stage = f"candidate {nth + 1} of {choices.candidates}"
    tell(stage, 0.0)
    folder = session.folder.with_name(f"take{nth}.v2m")
    shutil.copytree(session.folder, folder)
    plan = load_plan(folder / PLAN)
    save_plan(replace(plan, seed=choices.seed + nth), folder / PLAN)
    result = render_session(load_session(folder))
    tell(stage, 1.0)
    return result


class _Judge:
    """How well a candidate fits: how seldom chance does as well, over all measures that know chance."""

    def __init__(self, tell: Tell, count: int) -> None:
        self._tell, self._count = tell, count
        self._seen: Seen | None = None
        self._judged = 0

    def __call__(self, take: RenderResult) -> float:
        from encoders.clip import probe
        from v2m.report import Run
        from v2m.scoring.clip import score_clip
        from v2m.scoring.request import make_request

        scored = _scored(take.session)
        request = make_request(scored, plan=take.session.folder / PLAN, midi=take.session.folder / MIDI)
        # Their picture is one and the same: it is looked at once.
        score = score_clip(request, probe(scored), Run(), self._seen)
        assert score.evidence is not None
        self._seen = score.evidence.seen
        self._judged += 1
        self._tell("choose", self._judged / self._count)
        known = [1 - m.chance.p_value for m in score.measures if m.chance and np.isfinite(m.chance.p_value)]
        return float(np.mean(known)) if known else 0.0


def _put_in_place(best: RenderResult, takes: Sequence[RenderResult]) -> RenderResult:
    """The best candidate where the first one was, and the others gone."""
    from v2m.session import load_session

    place = takes[0].session.folder
    for take in takes:
        if take is not best:
            shutil.rmtree(take.session.folder)
    if best.session.folder != place:
        best.session.folder.rename(place)
    return replace(best, session=load_session(place))


def _scored(session: Session) -> Path:
    assert session.scored is not None
    return session.scored


def _version(tell: Tell, clip: Path, result: RenderResult, title: str) -> Iterator[Rendered | Measured]:
    """What a session has come to, laid on the shelf: what is played, shown and taken away, then its score."""
    from generators.plan_file import load_plan
    from v2m.midi_reading import read_score
    from v2m.page.sheet import Sheet
    from v2m.report import describe_music

    shelf, session = clip.parent, result.session
    scored = shelf / f"scored{_scored(session).suffix}"
    for made, name in (
        (_scored(session), scored.name),
        (session.soundtrack, WAV),
        (session.folder / MIDI, MIDI),
    ):
        # A copy, since the session goes on being written into.
        shutil.copyfile(made, shelf / name)
    _zip(shelf / STEMS, {path.name: path for path in session.stems.values()})
    _zip(shelf / SESSION, {clip.name: clip, **_session_files(session.folder)})
    plan = load_plan(session.folder / PLAN)
    _draw_film(clip, [hit.time_s for hit in plan.hits if hit.kind in ("section", "cut")], shelf / FILM)
    music = describe_music(plan)
    low, high = music.tempo_bpm
    tempo = f"{low:.0f} bpm" if high - low < 2 else f"{low:.0f}–{high:.0f} bpm"
    loudness = None if result.report is None else result.report.sound.lufs
    # What a note says of our commands is for whoever runs the page.
    notes = tuple(note for note in result.notes if "v2m " not in note)
    yield Rendered(
        scored.name,
        (music.style, music.key, tempo, f"{music.bars} bars", _lufs(loudness)),
        notes,
        Sheet.of(plan, read_score(session.folder / MIDI)),
    )
    yield from measure(tell, scored, None, session.folder / PLAN, session.folder / MIDI, title)


def _session_files(folder: Path) -> dict[str, Path]:
    """The files of a session without what is heard, which they make again: `v2m render clip.v2m`."""
    return {
        f"{folder.name}/{path.relative_to(folder)}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".wav" and path.stem != "scored" and path.name != ".lock"
    }


def _zip(place: Path, files: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files.items():
            archive.write(path, name)


def _draw_film(clip_path: Path, cuts_s: list[float], place: Path) -> None:
    """The film strip of the sheet: pictures side by side in one JPEG, stretched over the time axis."""
    import cv2
    import numpy as np

    from encoders.clip import probe
    from v2m.film_strip import film_strip

    clip = probe(clip_path)
    count = int(np.clip(round(_STRIP_ASPECT * clip.height / clip.width), 4, 20))
    times_s = (np.arange(count) + 0.5) / count * clip.duration_s
    pictures = film_strip(clip, times_s.tolist(), np.array(sorted(cuts_s)), short_side=_STRIP_PX)
    cell = round(_STRIP_ASPECT * _STRIP_PX / count)
    strip = np.concatenate([_cropped(picture, cell) for picture in pictures], axis=1)
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    if done:
        place.write_bytes(jpeg.tobytes())


def _cropped(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """The middle of a picture, scaled to `_STRIP_PX` lines and so many columns."""
    import cv2

    height, full = picture.shape[:2]
    keep_w = min(full, round(height * width / _STRIP_PX))
    keep_h = min(height, round(full * _STRIP_PX / width))
    top, left = (height - keep_h) // 2, (full - keep_w) // 2
    middle = picture[top : top + keep_h, left : left + keep_w]
    return np.asarray(cv2.resize(middle, (width, _STRIP_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def measure(
    tell: Tell,
    clip: Path,
    audio: Path | None = None,
    plan: Path | None = None,
    midi: Path | None = None,
    title: str = "",
) -> Iterator[Measured]:
    """Score a clip's music, or other music under it, and write the page of it beside the clip.

    Args:
        clip, audio, plan, midi: as `v2m.score` takes them.
        title: what the page calls the clip; its file's name if "".
    """
    from v2m.score_page import render
    from v2m.scoring.clip import score
    from v2m.scoring.page import page_of

    def told(stage: str, share: float) -> None:
        """The score's own stages are one of ours."""
        begin, end = _MEASURING.get(stage, (0.0, 0.0))
        tell("measure", begin + (end - begin) * share)

    page = page_of(score(clip, audio=audio, plan=plan, midi=midi, progress=told))
    music = "other music" if audio is not None else page.title
    page = replace(page, title=title or page.title, music=title if music == page.title else music)
    (clip.parent / FIT).write_text(render(page), encoding="utf-8")
    tell("measure", 1.0)
    yield Measured(FIT)


def _lufs(loudness: float | None) -> str:
    return "silent" if loudness is None else number(loudness, "LUFS")
