"""A stage's file written anew on a person's word, all of it or some bars."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from generators.grid import PlanError
from generators.region import Marked
from v2m.session import writing
from v2m.session.errors import SessionError
from v2m.session.running import make_stage, put_in_place, telling
from v2m.session.sheets import read_bars
from v2m.session.stages import WRITTEN, Stage
from v2m.session.work import Work

if TYPE_CHECKING:
    from v2m.session.session import StageMade

BY_BARS = ("harmony", "arrangement", "melody", "music")
OTHER_SEEDS = 8  # so many are tried until chords come out otherwise


def made_anew(
    work: Work,
    name: str,
    bars: str | None,
    voices: Collection[str] | None,
    pitches: tuple[int, int],
    seed: int | None,
    bring: Callable[[str], object],
) -> list[StageMade]:
    """Write a stage's file anew; see `regenerate`. `bring` brings the session up to date up to a stage."""
    from v2m.session.session import StageMade

    stage = next((stage for stage in WRITTEN if stage.name == name), None)
    if stage is None:
        raise SessionError(f"stage {name!r} is none of {', '.join(s.name for s in WRITTEN)}")
    if bars is not None and name not in BY_BARS:
        raise SessionError(f"{stage.file} is made as a whole; bars can be given for {', '.join(BY_BARS)}")
    if (voices is not None or pitches != (0, 127)) and name not in ("melody", "music"):
        raise SessionError("voices and pitches can be given for the stages melody and music")
    if name not in BY_BARS:
        before = WRITTEN[WRITTEN.index(stage) - 1].name if WRITTEN.index(stage) else None
        if before is not None:
            bring(before)
        make_stage(work, stage, None)
        return [StageMade(name, stage.file, None)]
    bring("music" if name in ("melody", "music") else name)
    try:
        wanted = read_bars("all" if bars is None else bars, len(work.plan.grid.bars))
    except PlanError as error:
        raise SessionError(str(error)) from error
    if not wanted:
        raise SessionError("no bar is named")
    yours = work.ledger.edited(stage.file) and bars is not None
    take = work.ledger.takes.get(name, 0) + 1
    work.ledger.takes[name] = take
    seed = work.plan.seed + take if seed is None else seed
    with telling(work, name), work.run.stage(name):
        _write(work, stage, wanted, voices, pitches, seed)
    put_in_place(work, stage, stage.inputs(work), yours)
    return [StageMade(name, stage.file, tuple(bar + 1 for bar in sorted(wanted)))]


def _write(
    work: Work,
    stage: Stage,
    bars: frozenset[int],
    voices: Collection[str] | None,
    pitches: tuple[int, int],
    seed: int,
) -> None:
    if stage.name == "arrangement":
        writing.write_arrangement(work, bars, work.scratch)
    elif stage.name == "harmony":
        old = work.chords
        for other in range(seed, seed + OTHER_SEEDS):
            if writing.rewrite_harmony(work, bars, other, work.scratch) != old:
                return
        work.run.note("No other seed gave other chords there.")
    else:
        marked = _marked(work, stage.name, voices, pitches)
        writing.rewrite_tracks(work, stage.file, bars, seed, marked, work.scratch)


def _marked(work: Work, stage: str, voices: Collection[str] | None, pitches: tuple[int, int]) -> Marked:
    tracks = () if work.music is None else work.music.tracks
    roles = dict(zip((t.name for t in tracks), writing.roles_of(work, tracks), strict=True))
    roles = {**work.voices, **roles}
    able = {name for name, role in roles.items() if (role == "melody") == (stage == "melody")}
    for name in voices or ():
        if name not in able:
            raise SessionError(f"voice {name!r} is none of the {stage}'s: {', '.join(sorted(able))}")
    try:
        return Marked(frozenset(able if voices is None else voices), *pitches)
    except PlanError as error:
        raise SessionError(str(error)) from error
