"""Stage by stage: which files are missing, stale or a person's, and making what has to be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from v2m.report import RunReport
from v2m.session.errors import SessionError
from v2m.session.ledger import Inputs
from v2m.session.reviewing import review_of
from v2m.session.sounding import play_stems, stem_file, stem_inputs
from v2m.session.stages import NAMES, REPORT, SCORED, SOUNDTRACK, STEMS, WRITTEN, Stage, scored_stage
from v2m.session.work import Work

if TYPE_CHECKING:
    from v2m.session.session import StageMade, StageStatus


def bring_up_to_date(
    work: Work, until: str | None, made: list[StageMade]
) -> tuple[list[StageMade], RunReport | None]:
    """Make what is missing or stale, up to a stage; what was made is added to `made`."""
    if until is not None and until not in NAMES:
        raise SessionError(f"stage {until!r} is none of {', '.join(NAMES)}")
    last = NAMES.index(until or REPORT)
    for stage in WRITTEN:
        if NAMES.index(stage.name) > last:
            return made, None
        made += _brought(work, stage)
    if NAMES.index(STEMS) <= last:
        made += _brought_stems(work)
    if NAMES.index(SOUNDTRACK.name) <= last:
        made += _brought(work, SOUNDTRACK)
    if NAMES.index(SCORED) <= last:
        made += _brought(work, scored_stage(work))
    return made, _reported(work, made) if last == NAMES.index(REPORT) else None


def _brought(work: Work, stage: Stage) -> list[StageMade]:
    """Make a stage's file if it has to be."""
    state, bars = state_of(work, stage)
    if state == "yours, behind":
        where = f" in {_told_bars(bars)}" if bars else ""
        work.run.note(
            f"{stage.file} is yours and stays as it is, though what it is made from has changed{where}; "
            f"v2m regenerate --stage {stage.name} writes it anew."
        )
    if state not in ("missing", "stale"):
        return []
    make_stage(work, stage, bars if state == "stale" else None)
    return [_made(stage, bars if state == "stale" else None)]


def make_stage(work: Work, stage: Stage, bars: frozenset[int] | None) -> None:
    """Make a stage's files and put them in their place."""
    inputs = stage.inputs(work)
    with telling(work, stage.name):
        if stage.told:
            stage.make(work, bars, work.scratch)
        else:
            with work.run.stage(stage.name):
                stage.make(work, bars, work.scratch)
    put_in_place(work, stage, inputs)


def put_in_place(work: Work, stage: Stage, inputs: Inputs, yours: bool = False) -> None:
    """Put what a stage has written into the scratch folder where it belongs."""
    files = (*stage.beside, stage.file)
    work.ledger.place([(work.scratch / name, name) for name in files], inputs, yours)


@contextmanager
def telling(work: Work, stage: str) -> Iterator[None]:
    """Keep for later reports what is told of a stage's sources and oddities while it is at work."""
    notes, sources = len(work.run.notes), dict(work.run.sources)
    yield
    now = {name: source for name, source in work.run.sources.items() if sources.get(name) != source}
    work.ledger.told[stage] = (now, work.run.notes[notes:])


def state_of(work: Work, stage: Stage) -> tuple[str, frozenset[int] | None]:
    """How a stage's file stands, and in which bars it is behind (None: in all)."""
    ledger = work.ledger
    if ledger.content(stage.file) is None:
        return "missing", None
    made = ledger.made.get(stage.file)
    inputs = stage.inputs(work)
    changed = None if made is None else inputs.changed(made.inputs)
    if ledger.edited(stage.file):
        # A file that a person brought before there was one of v2m's is theirs for good.
        return (
            ("yours", frozenset()) if made is None or changed == frozenset() else ("yours, behind", changed)
        )
    return ("fresh", frozenset()) if changed == frozenset() else ("stale", changed)


def _brought_stems(work: Work) -> list[StageMade]:
    from v2m.session.session import StageMade

    inputs = stem_inputs(work)
    whole, parts = _stale_stems(work, inputs)
    files = {stem_file(name) for name in inputs}
    written: list[str] = []
    if whole or parts:
        with telling(work, STEMS):
            written = play_stems(work, whole, parts, work.scratch)
        (work.folder / "stems").mkdir(exist_ok=True)
        rows = [(work.scratch / stem_file(name), stem_file(name), inputs[name]) for name in written]
        work.ledger.place_each(rows)
        for name in parts.keys() - set(written):
            work.ledger.agree(stem_file(name), inputs[name])
    for file in [name for name in work.ledger.made if name.startswith("stems/") and name not in files]:
        if not work.ledger.edited(file):
            work.ledger.forget(file)
    work.ledger.save()
    return [StageMade(STEMS, stem_file(name), None) for name in written]


def _stale_stems(work: Work, inputs: dict[str, Inputs]) -> tuple[list[str], dict[str, frozenset[int]]]:
    """The voices whose stems are to be played from beginning to end, and those that have changed blocks."""
    whole: list[str] = []
    parts: dict[str, frozenset[int]] = {}
    for name, now in inputs.items():
        file = stem_file(name)
        made = work.ledger.made.get(file)
        if work.ledger.content(file) is None or (made is None and not work.ledger.edited(file)):
            whole.append(name)
        elif made is not None and not work.ledger.edited(file):
            changed = now.changed(made.inputs)
            if changed is None:
                whole.append(name)
            elif changed:
                parts[name] = changed
    return whole, parts


def _reported(work: Work, made: list[StageMade]) -> RunReport:
    from v2m.mix import Soundtrack
    from v2m.report import make_report, write_report

    ledger = work.ledger
    for sources, notes in ledger.told.values():
        work.run.sources = {**sources, **work.run.sources}
        work.run.note(*notes)
    rate, samples, lufs, peak = ledger.sound
    path = work.folder / "soundtrack.wav"
    sound = Soundtrack(path, rate, samples, lufs, peak, 0.0, {}, ())
    outputs = {
        stage.name: str(work.folder / stage.file) for stage in (*WRITTEN, SOUNDTRACK, scored_stage(work))
    }
    report = make_report(
        work.clip,
        dict(vars(work.settings)),
        work.plan,
        sound,
        work.run,
        outputs,
        work.cues.scenes,
        review_of(work),
    )
    if made or not (work.folder / "report.json").exists():
        write_report(report, work.scratch / "report.json")
        work.ledger.place([(work.scratch / "report.json", "report.json")], Inputs(""))
    return report


def edited_files(work: Work) -> tuple[str, ...]:
    """The files of the session that a person has changed or brought."""
    names = [stage.file for stage in WRITTEN] + [n for n in work.ledger.made if n.startswith("stems/")]
    return tuple(name for name in names if work.ledger.edited(name))


def standing(work: Work) -> tuple[StageStatus, ...]:
    """How every stage stands. What comes after one that will be made anew waits for it."""
    from v2m.session.session import StageStatus

    rows: list[StageStatus] = []
    waiting = False
    for stage in WRITTEN:
        if waiting:
            rows.append(StageStatus(stage.name, stage.file, "waiting"))
            continue
        state, bars = state_of(work, stage)
        rows.append(StageStatus(stage.name, stage.file, state, _from_one(bars) if state != "missing" else ()))
        waiting = state in ("missing", "stale")
    if waiting:
        rows += [StageStatus(name, _shown_file(name), "waiting") for name in (STEMS, SOUNDTRACK.name, SCORED)]
        return tuple(rows)
    inputs = stem_inputs(work)
    whole, parts = _stale_stems(work, inputs)
    stale = [*whole, *parts]
    kept = [name for name in inputs if work.ledger.edited(stem_file(name))]
    missing = all(work.ledger.content(stem_file(name)) is None for name in stale)
    state = ("missing" if missing else "stale") if stale else "yours" if kept else "fresh"
    rows.append(StageStatus(STEMS, _shown_file(STEMS), state))
    waiting = bool(stale)
    for stage in (SOUNDTRACK, scored_stage(work)):
        state = "waiting" if waiting else state_of(work, stage)[0]
        rows.append(StageStatus(stage.name, stage.file, state))
        waiting = waiting or state in ("missing", "stale")
    return tuple(rows)


def _shown_file(name: str) -> str:
    return {STEMS: "stems/", SOUNDTRACK.name: SOUNDTRACK.file, SCORED: "scored.*"}[name]


def _made(stage: Stage, bars: frozenset[int] | None) -> StageMade:
    from v2m.session.session import StageMade

    return StageMade(stage.name, stage.file, None if bars is None else _from_one(bars))


def _from_one(bars: frozenset[int] | None) -> tuple[int, ...]:
    return tuple(bar + 1 for bar in sorted(bars or ()))


def _told_bars(bars: frozenset[int] | None) -> str:
    from v2m.session.sheets import written_bars

    return f"bars {written_bars(bars, -1)}" if bars else "all bars"
