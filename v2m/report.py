"""The run report: what was done with which versions, settings and sources, and what came of it.

It is enough to make the same output again: the same clip (by its hash), versions, settings and
seed give the same music bit for bit.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from encoders.clip import Clip
    from encoders.stream import Streams
    from generators.cue_sheet import Scene
    from generators.plan import Plan
    from v2m.critics.log import Log
    from v2m.mix import Soundtrack

# The packages that decide what comes out.
REPORTED = (
    "v2m",
    "numpy",
    "scipy",
    "av",
    "decord",
    "opencv-python",
    "scenedetect",
    "mediapipe",
    "open_clip_torch",
    "torch",
    "silero-vad",
    "symusic",
    "moviepy",
    "imageio-ffmpeg",
)


@dataclass(frozen=True)
class SectionReport:
    """One section as the music has it: title (A, B, A'), role, key, and where it lies."""

    title: str
    role: str
    key: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class SceneReport:
    """A stretch of the picture between two turns, in words."""

    start_s: float
    end_s: float
    says: str


@dataclass(frozen=True)
class SilenceReport:
    """A silence that is meant: entry, breath or stop, and why."""

    kind: str
    start_s: float
    end_s: float
    why: str


@dataclass(frozen=True)
class HitReport:
    """How many instants of one kind the picture has, how many the plan strikes, at what cost in tempo and
    metre (`generators.prices`), which are held back since somebody speaks, and which it lets go and why. What
    is heard of them, scoring tells.
    """

    kind: str
    planned: int
    cost: float
    held_back: int
    held_back_s: tuple[float, ...]
    held_back_why: tuple[str, ...]
    let_go: int
    let_go_s: tuple[float, ...]
    let_go_why: tuple[str, ...]


@dataclass(frozen=True)
class MusicReport:
    """What music was planned."""

    mode: str
    style: str
    key: str
    seed: int
    tempo_bpm: tuple[float, float]
    beats_per_bar: tuple[int, ...]
    bars: int
    sections: tuple[SectionReport, ...]
    silences: tuple[SilenceReport, ...]
    hits: tuple[HitReport, ...]


@dataclass(frozen=True)
class SoundReport:
    """What the soundtrack measures; loudness and peak are None for silence."""

    lufs: float | None
    true_peak_dbtp: float | None
    duration_s: float
    sample_rate: int


@dataclass(frozen=True)
class ClipReport:
    """Which clip it was."""

    path: str
    content_hash: str
    duration_s: float
    width: int
    height: int
    frame_rate: float
    codec: str
    has_sound: bool


@dataclass(frozen=True)
class JsonReport:
    """A report that can be printed as JSON."""

    def to_json(self) -> str:
        """The whole report as readable JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class RunReport(JsonReport):
    """One run.

    Attributes:
        clip: what went in.
        settings: what was asked for, by option name.
        music: what was planned.
        sound: what the soundtrack measures.
        sources: stream, sound or step → the model, method or file it came from.
        notes: sentences: what was missing, odd, or done otherwise than asked.
        stages_s: stage → seconds it took.
        outputs: what → where it was written.
        versions: package → version.
        scenes: what the picture shows, in words; empty where a plan was continued from.
        review: what candidates were compared and what critics found and changed; None if none looked.
    """

    clip: ClipReport
    settings: dict[str, Any]
    music: MusicReport
    sound: SoundReport
    sources: dict[str, str]
    notes: tuple[str, ...]
    stages_s: dict[str, float]
    outputs: dict[str, str]
    versions: dict[str, str]
    scenes: tuple[SceneReport, ...] = ()
    review: Log | None = None


class Run:
    """What is gathered on the way: how long each stage took, from what, and what to tell the person.

    Attributes:
        seconds: stage → seconds, in the order in which they began.
        sources: stream, sound or step → the model, method or file it came from.
        notes: sentences, each once.
    """

    def __init__(self, progress: Callable[[str, float], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.sources: dict[str, str] = {}
        self.notes: list[str] = []
        self._progress = progress or (lambda stage, share: None)

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a block; it gets a function to call with the share that is done, 0 to 1."""
        self.seconds.setdefault(name, 0.0)
        self._progress(name, 0.0)
        started = time.perf_counter()
        yield lambda share: self._progress(name, share)
        self.seconds[name] += time.perf_counter() - started
        self._progress(name, 1.0)

    def note(self, *sentences: str) -> None:
        """Keep sentences for the report."""
        self.notes += [sentence for sentence in sentences if sentence not in self.notes]

    def facts(self) -> dict[str, Any]:
        """What every report says of its run: sources, notes, stages_s and versions."""
        return {
            "sources": dict(self.sources),
            "notes": tuple(self.notes),
            "stages_s": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "versions": versions(),
        }


def describe_clip(clip: Clip) -> ClipReport:
    """The facts of a clip that the report keeps."""
    return ClipReport(
        str(clip.path),
        clip.content_hash,
        round(clip.duration_s, 4),
        clip.width,
        clip.height,
        round(clip.frame_rate, 3),
        clip.codec,
        clip.has_sound,
    )


def describe_music(plan: Plan) -> MusicReport:
    """The facts of a plan that the report keeps."""
    grid = plan.grid
    tempi = [grid.tempo_bpm(bar) for bar in range(len(grid.bars))]
    sections = tuple(
        SectionReport(
            s.title,
            s.role,
            str(s.key),
            round(grid.bars[s.start_bar].start_s, 3),
            round(min(grid.bar_end_s(s.end_bar - 1), plan.duration_s), 3),
        )
        for s in plan.sections
    )
    hits = []
    for kind in dict.fromkeys(hit.kind for hit in plan.hits):
        planned = [hit for hit in plan.struck_hits if hit.kind == kind]
        held = [(hit, why) for hit, why in plan.held_back_hits.items() if hit.kind == kind]
        gone = [hit for hit in plan.hits if hit.kind == kind and not hit.planned]
        hits.append(
            HitReport(
                kind=kind,
                planned=len(planned),
                cost=round(sum(hit.cost for hit in planned), 3),
                held_back=len(held),
                held_back_s=tuple(round(hit.time_s, 3) for hit, _ in held),
                held_back_why=tuple(why for _, why in held),
                let_go=len(gone),
                let_go_s=tuple(round(hit.time_s, 3) for hit in gone),
                let_go_why=tuple(hit.why for hit in gone),
            )
        )
    return MusicReport(
        mode=plan.mode,
        style=plan.style,
        key=str(plan.key),
        seed=plan.seed,
        tempo_bpm=(round(min(tempi), 2), round(max(tempi), 2)),
        beats_per_bar=tuple(sorted({bar.beats for bar in grid.bars if not bar.dotted} or {1})),
        bars=len(grid.bars),
        sections=sections,
        silences=tuple(
            SilenceReport(s.kind, round(s.start_s, 3), round(s.end_s, 3), s.why) for s in plan.silences
        ),
        hits=tuple(hits),
    )


def describe_sources(streams: Streams) -> dict[str, str]:
    """Stream → where it came from, with a word on those that say nothing."""
    return {
        name: stream.source if stream.says_something else f"{stream.source} (says nothing here)"
        for name, stream in streams.items()
    }


def make_report(
    clip: Clip,
    settings: dict[str, Any],
    plan: Plan,
    sound: Soundtrack,
    run: Run,
    outputs: dict[str, str],
    scenes: Sequence[Scene] = (),
    review: Log | None = None,
) -> RunReport:
    """Everything that is known at the end of a run."""
    return RunReport(
        clip=describe_clip(clip),
        settings=settings,
        music=describe_music(plan),
        sound=SoundReport(
            _finite(sound.lufs), _finite(sound.true_peak_dbtp), sound.duration_s, sound.sample_rate
        ),
        outputs=outputs,
        scenes=tuple(SceneReport(scene.start_s, scene.end_s, scene.says) for scene in scenes),
        review=review,
        **run.facts(),
    )


def _finite(value: float) -> float | None:
    """Two decimals; None for the infinities, which JSON has no word for."""
    return round(value, 2) if math.isfinite(value) else None


def versions() -> dict[str, str]:
    """Package → version, of those that decide what comes out and are installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in REPORTED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write_report(report: RunReport, path: Path) -> None:
    """Write the report as JSON."""
    path.write_text(report.to_json() + "\n", encoding="utf-8")
