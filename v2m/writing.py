"""The stages of `v2m.soundtrack` between picture and sound: a piece, or the best of several, and critics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from encoders.clip import Clip
    from encoders.stream import Streams
    from generators.cue_sheet import Scene
    from generators.kept import KeptTracks
    from generators.music import Music, SymbolicMusic
    from generators.plan import Plan
    from v2m.critics.log import Log
    from v2m.report import Run
    from v2m.request import Request


@dataclass(frozen=True, eq=False)
class Written:
    """A piece.

    Attributes:
        plan: what it is composed from, with all that critics changed.
        music: the notes; or the sound, which no critic reads.
        review: its reward, what it was chosen by, and what critics did; None of music made as sound.
        scenes: what the picture shows, in words; empty where a plan was continued from.
    """

    plan: Plan
    music: Music
    review: Log | None = None
    scenes: tuple[Scene, ...] = ()


def written(
    clip: Clip, streams: Streams | None, request: Request, kept: KeptTracks | None, run: Run
) -> Written:
    """Plan and compose, as often as candidates are asked for; keep the best; let critics improve it."""
    from generators.music import SymbolicMusic

    scenes = _scenes(streams, request, run)
    plan, music = _one(clip, streams, request, kept, run)
    if not isinstance(music, SymbolicMusic):
        if request.critics or request.candidates > 1:
            run.note("Critics and candidates are of notes: music that is made as sound stays as it comes.")
        return Written(plan, music, None, scenes)
    others = [_one(clip, streams, other, kept, run) for other in _others(request, plan)]
    pieces = [(plan, music), *((p, m) for p, m in others if isinstance(m, SymbolicMusic))]
    with run.stage("critics" if request.critics else "measure") as done:
        plan, music, review = _reviewed(pieces, streams, request, run, done)
    return Written(plan, music, review, scenes)


def _scenes(streams: Streams | None, request: Request, run: Run) -> tuple[Scene, ...]:
    """What the picture shows, in v2m's words or in a language model's."""
    if streams is None:
        return ()
    from generators.cue_sheet import spot
    from v2m.llm.spotting import told_by

    sheet = spot(streams, request.wishes)
    if request.llm is not None:
        with run.stage("spotting"):
            sheet, missing = told_by(request.llm, sheet)
        if missing:
            run.note(missing)
    return sheet.scenes


def _one(
    clip: Clip, streams: Streams | None, request: Request, kept: KeptTracks | None, run: Run
) -> tuple[Plan, Music]:
    """One piece, around what is kept."""
    from v2m import stages
    from v2m.keeping import composed, planned_around

    plan = stages.planned(clip, streams, request, kept, run)
    if kept is not None:
        plan, kept = planned_around(plan, kept, request, run)
    return plan, composed(plan, streams, request, kept, run)


def _others(request: Request, first: Plan) -> list[Request]:
    """The same request with the seeds that follow the first piece's."""
    seeds = range(first.seed + 1, first.seed + request.candidates)
    return [replace(request, seed=seed, wishes=replace(request.wishes, seed=seed)) for seed in seeds]


def _reviewed(
    pieces: list[tuple[Plan, SymbolicMusic]],
    streams: Streams | None,
    request: Request,
    run: Run,
    done: Callable[[float], None],
) -> tuple[Plan, SymbolicMusic, Log]:
    """The best of the pieces, and what critics and a language model make of it."""
    from v2m.critics.brief import make_brief
    from v2m.critics.log import Candidate
    from v2m.critics.rounds import CRITICS, improve_work
    from v2m.critics.work import make_work
    from v2m.llm.reviewer import Reviewer

    weights = reward_weights(run)
    fixed = request.plan is not None or request.wishes.names_a_key
    works = [
        make_work(plan, music, make_brief(plan, streams, key_is_asked_for=fixed), weights)
        for plan, music in pieces
    ]
    best = max(works, key=lambda work: work.reward)
    reviewer = None if request.llm is None else Reviewer(request.llm)
    critics = (*(reviewer.critics(weights) if reviewer else ()), *(CRITICS if request.critics else ()))
    improved = improve_work(best, critics=critics, weights=weights, progress=done)
    if reviewer is not None and request.llm is not None:
        run.sources["reviewer"] = f"{request.llm.model} at {request.llm.host}"
        run.note(*reviewer.notes)
    several = works if len(works) > 1 else []
    candidates = tuple(Candidate(w.plan.seed, round(w.reward, 6), w is best) for w in several)
    return improved.plan, improved.music, replace(improved.log, candidates=candidates)


def write_log(review: Log | None, path: Path) -> None:
    """Write what critics found and changed, for a person to read."""
    told = "No critic looked at this music: they read notes.\n" if review is None else review.to_text()
    path.write_text(told, encoding="utf-8")


def reward_weights(run: Run) -> Mapping[str, float]:
    """The weights of the reward: the default ones, or as the user's ratings have moved them."""
    from v2m.critics.ratings import RatingError, load_ratings, weights_from
    from v2m.user_data import data_folder

    try:
        ratings = load_ratings(data_folder())
    except RatingError as error:
        run.note(f"{error}. The default weights were used.")
        ratings = ()
    run.sources["reward"] = f"weights from {len(ratings)} ratings" if ratings else "default weights"
    return weights_from(ratings)
