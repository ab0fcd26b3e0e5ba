"""A plan and its music → better ones, in bounded rounds: found, asked for, tried, kept only if it helps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from generators.grid import PlanError
from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose, take_again
from v2m.critics import emotion, harmony, melody, mix, mode, rhythm
from v2m.critics.brief import Brief
from v2m.critics.changes import Change, TakeChange, change_of
from v2m.critics.critic import Critic
from v2m.critics.log import Entry, Log
from v2m.critics.reward import WEIGHTS, terms
from v2m.critics.work import Request, Work, make_work

# Chords and curves first: what is written over them comes after.
CRITICS: tuple[Critic, ...] = (
    mode.CRITIC,
    harmony.CRITIC,
    emotion.CRITIC,
    rhythm.CRITIC,
    melody.CRITIC,
    mix.CRITIC,
)
ROUNDS = 2
TRIES = 1
"""How much a critic may have tried in one round."""
LEAST = 0.0005
"""A change that raises the reward by less is not worth a note's being another."""
DIGITS = 6

Compose = Callable[[Plan], SymbolicMusic]


@dataclass(frozen=True, eq=False)
class Improved:
    """What the critics leave: the plan with all that they changed, its music, and what they did."""

    plan: Plan
    music: SymbolicMusic
    log: Log


def improve(
    plan: Plan,
    music: SymbolicMusic,
    brief: Brief,
    *,
    critics: Sequence[Critic] = CRITICS,
    rounds: int = ROUNDS,
    tries: int = TRIES,
    weights: Mapping[str, float] = WEIGHTS,
    progress: Callable[[float], None] = lambda share: None,
) -> Improved:
    """Let critics have parts of the music done again. Deterministic: nothing depends on time.

    A round ends the work if it changes nothing. Each critic may have `tries` changes tried in a round; the
    first that raises its own measure and the reward is kept.

    Args:
        plan: what the music was composed from.
        music: `compose(plan)`.
        brief: what it is to answer.
        critics: who, in order.
        rounds, tries: the bounds.
        weights: of the reward.
        progress: called with the share that is done, 0 to 1.
    """
    work = make_work(plan, music, brief, weights)
    return improve_work(work, critics=critics, rounds=rounds, tries=tries, weights=weights, progress=progress)


def improve_work(
    work: Work,
    *,
    critics: Sequence[Critic] = CRITICS,
    rounds: int = ROUNDS,
    tries: int = TRIES,
    weights: Mapping[str, float] = WEIGHTS,
    progress: Callable[[float], None] = lambda share: None,
) -> Improved:
    """`improve`, of music that has been measured with these weights."""
    first = work
    entries: list[Entry] = []
    notes: list[str] = []
    asked: Counter[str] = Counter()
    for number in range(1, rounds + 1):
        kept_before = sum(entry.kept for entry in entries)
        for place, critic in enumerate(critics):
            progress(((number - 1) * len(critics) + place) / (rounds * len(critics)))
            if math.isnan(critic.score(work.assessment)):
                notes.append(f"{critic.name}: nothing here can be measured.")
                continue
            requests = _doing_something(critic.ask(work, asked[critic.name]), work)
            for request in islice(requests, critic.tries or tries):
                asked[critic.name] += 1
                entry, work = tried(request, critic, work, number, weights)
                entries.append(entry)
                if entry.kept and not critic.goes_on:
                    break
        if sum(entry.kept for entry in entries) == kept_before:
            break
    progress(1.0)
    log = Log(
        tuple(entries),
        _rounded(first.reward),
        _rounded(work.reward),
        _all_rounded(terms(first.assessment)),
        _all_rounded(terms(work.assessment)),
        dict(weights),
        tuple(dict.fromkeys(notes)),
    )
    return Improved(work.plan, work.music, log)


def _doing_something(requests: Iterator[Request], work: Work) -> Iterator[Request]:
    """Requests without those that the plan fulfils as it stands: a curve that is at its end, say."""
    return (request for request in requests if request.change.of(work.plan) != work.plan)


def tried(
    request: Request, critic: Critic, work: Work, number: int, weights: Mapping[str, float]
) -> tuple[Entry, Work]:
    """Make a change, measure what it gives, and keep it or take it back: the entry, and what is left."""
    before = critic.score(work.assessment)
    try:
        changed = _changed(work, request.change, weights)
    except PlanError as error:
        return _entry(
            request, critic, work, number, before, work.reward, False, f"it cannot be done ({error})"
        ), work
    after = critic.score(changed.assessment)
    better = after > before or (math.isnan(before) and not math.isnan(after))
    gained = changed.reward - work.reward
    if not better:
        why = "since what was found is no better for it"
    elif gained < LEAST:
        why = "since the whole is no better for it"
    else:
        why = "since both are better for it"
    kept = better and gained >= LEAST
    entry = _entry(request, critic, work, number, after, changed.reward, kept, why)
    return entry, changed if kept else work


def composed_again(work: Work, change: Change) -> tuple[Plan, SymbolicMusic]:
    """The plan with a change, and its music. A take needs only what it writes; else all is composed."""
    plan = change.of(work.plan)
    if isinstance(change, TakeChange):
        return plan, take_again(plan, work.music, change.take)
    return plan, compose(plan)


def _changed(work: Work, change: Change, weights: Mapping[str, float]) -> Work:
    plan, music = composed_again(work, change)
    return make_work(plan, music, work.brief, weights)


def _entry(
    request: Request,
    critic: Critic,
    work: Work,
    number: int,
    after: float,
    reward_after: float,
    kept: bool,
    why: str,
) -> Entry:
    return Entry(
        round=number,
        critic=critic.name,
        found=request.found,
        asks=str(request.change),
        change=request.change.to_json(),
        measure=critic.measure,
        before=_rounded(critic.score(work.assessment)),
        after=_rounded(after),
        reward_before=_rounded(work.reward),
        reward_after=_rounded(reward_after),
        kept=kept,
        why=why,
    )


def _rounded(value: float) -> float:
    """To `DIGITS`; what cannot be told is nought, since JSON has no word for it."""
    return 0.0 if math.isnan(value) else round(value, DIGITS)


def _all_rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: _rounded(value) for name, value in values.items()}


def replayed(plan: Plan, log: Log, voices: Sequence[str]) -> Iterator[tuple[Entry, Plan]]:
    """Every entry of a log with the plan that its change gives, made anew from the plan it began with.

    Raises:
        PlanError: if the log is of another plan.
    """
    for entry in log.entries:
        changed = change_of(entry.change, plan, voices)
        yield entry, changed.of(plan)
        if entry.kept:
            plan = changed.of(plan)
