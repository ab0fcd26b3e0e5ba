"""Critics at a session: what they change is its plan, and everything after that follows.

`critics.txt` is what they found and changed, to read; `review.json` the same for programs, with the plan that
it is about: once that is another, the report says no more of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from encoders.whole import write_whole
from v2m.session import writing
from v2m.session.errors import SessionError
from v2m.session.ledger import Inputs
from v2m.session.work import Work

if TYPE_CHECKING:
    from generators.plan import Plan
    from v2m.critics.log import Log
    from v2m.llm.endpoint import Endpoint
    from v2m.session.session import StageMade

PAGE, REVIEW = "critics.txt", "review.json"


def reviewed(work: Work, endpoint: Endpoint | None, bring: Callable[[str], object]) -> list[StageMade]:
    """Let critics, and a language model if there is one, improve the session's plan.

    Args:
        work: the session.
        endpoint: the model's address.
        bring: brings the session up to date, up to a stage.

    Raises:
        SessionError: if the music is not what v2m makes of the plan: it is a person's, then.
    """
    from v2m.session.running import make_stage
    from v2m.session.session import StageMade
    from v2m.session.stages import WRITTEN

    if work.settings.keep_tracks:
        raise SessionError("critics do not touch tracks that are kept")
    if endpoint is not None:
        bring("spotting")
        _tell_scenes(work, endpoint)
    bring("mix")
    log, plan = _improved(work, endpoint)
    made = []
    if plan != work.plan:
        from generators.plan_file import save_plan

        save_plan(plan, work.scratch / "plan.json")
        inputs = work.ledger.made["plan.json"].inputs if "plan.json" in work.ledger.made else Inputs("")
        yours = work.ledger.edited("plan.json")
        work.ledger.place([(work.scratch / "plan.json", "plan.json")], inputs, yours)
        made.append(StageMade("plan", "plan.json", None))
        # All of it anew, not only the bars that the plan has changed: the log tells of this very music.
        for stage in WRITTEN:
            if stage.name in ("harmony", "arrangement", "melody", "music"):
                make_stage(work, stage, None)
                made.append(StageMade(stage.name, stage.file, None))
    row = {"plan": work.ledger.content("plan.json"), "log": log.to_dict()}
    write_whole(work.scratch / PAGE, log.to_text().encode())
    write_whole(work.scratch / REVIEW, (json.dumps(row, indent=2, ensure_ascii=False) + "\n").encode())
    work.ledger.place([(work.scratch / name, name) for name in (PAGE, REVIEW)], Inputs(""))
    return [*made, StageMade("critics", PAGE, None)]


def review_of(work: Work) -> Log | None:
    """What critics said of the plan as it stands; None if they have not seen it.

    Raises:
        SessionError: if the review cannot be read.
    """
    from v2m.critics.log import log_of

    if not (work.folder / REVIEW).is_file():
        return None

    def read(path: Any) -> tuple[str, Log]:
        try:
            row = json.loads(path.read_text("utf-8"))
            return row["plan"], log_of(row["log"])
        except (ValueError, KeyError, TypeError) as error:
            raise SessionError(f"{path}: is no review ({error}); v2m review makes it anew") from error

    plan, log = work.of(REVIEW, reader=read)
    return log if plan == work.ledger.content("plan.json") else None


def _improved(work: Work, endpoint: Endpoint | None) -> tuple[Log, Plan]:
    from generators.rhythm import compose
    from v2m.critics.brief import make_brief
    from v2m.critics.rounds import CRITICS, improve
    from v2m.llm.reviewer import Reviewer
    from v2m.writing import reward_weights

    plan, music = work.plan, compose(work.plan)
    if not writing.same_notes(work, music):
        raise SessionError(
            "the music is not what v2m makes of plan.json (it was edited, or bars of it were regenerated); "
            "critics change only what is v2m's own"
        )
    weights = reward_weights(work.run)
    # A person's faders stand, whatever the plan says of levels.
    own_mix = work.ledger.edited("mix.json")
    critics = tuple(critic for critic in CRITICS if not (own_mix and critic.name == "mix"))
    reviewer = None if endpoint is None else Reviewer(endpoint)
    asked_for = work.settings.wishes.names_a_key or work.ledger.edited("plan.json")
    with work.run.stage("critics") as done:
        improved = improve(
            plan,
            music,
            make_brief(plan, work.streams, key_is_asked_for=asked_for),
            critics=(*(reviewer.critics(weights) if reviewer else ()), *critics),
            weights=weights,
            progress=done,
        )
    if reviewer is not None:
        work.run.note(*reviewer.notes)
    return improved.log, improved.plan


def _tell_scenes(work: Work, endpoint: Endpoint) -> None:
    """The cue sheet's scenes in the model's words, unless a person has written there."""
    from generators.cue_sheet import cue_sheet_to_json
    from v2m.llm.spotting import told_by

    if work.ledger.edited("spotting.json"):
        return
    sheet, missing = told_by(endpoint, work.cues)
    if missing:
        work.run.note(missing)
        return
    write_whole(work.scratch / "spotting.json", cue_sheet_to_json(sheet).encode())
    inputs = work.ledger.made["spotting.json"].inputs
    work.ledger.place([(work.scratch / "spotting.json", "spotting.json")], inputs)
