"""Critics at a session: its plan and its music are what the log says, and what a person has written stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.rhythm import compose
from tests.conftest import MakeClip
from tests.v2m.critics import pieces
from tests.v2m.llm.server import says, serving
from v2m.critics.brief import make_brief
from v2m.critics.log import Log
from v2m.critics.work import make_work
from v2m.llm.endpoint import Endpoint
from v2m.report import Run
from v2m.session import Session, SessionError, load_session, open_session
from v2m.session.reviewing import PAGE, REVIEW, review_of, reviewed
from v2m.session.running import bring_up_to_date, edited_files
from v2m.session.work import Work
from v2m.session.writing import same_notes


def at(session: Session) -> Work:
    work = Work(session.folder, session.settings, Run())
    work.scratch.mkdir(exist_ok=True)
    return work


def look(work: Work, endpoint: Endpoint | None = None) -> Log:
    reviewed(work, endpoint, lambda until: bring_up_to_date(work, until, []))
    bring_up_to_date(work, "mix", [])
    log = review_of(work)
    assert log is not None
    return log


@pytest.fixture
def session(make_clip: MakeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose picture is written by hand: nothing has to be looked at."""
    monkeypatch.setenv("V2M_DATA", str(tmp_path / "data"))
    made = open_session(make_clip("plain"), tmp_path / "clip.v2m", style="piano", seed=3)
    pieces.streams().save(made.folder / "streams.npz")
    return load_session(made.folder)


def test_the_session_is_what_its_critics_left(session: Session) -> None:
    work = at(session)
    log = look(work)
    assert log.kept
    music = compose(work.plan)
    assert same_notes(work, music)
    there = make_work(work.plan, music, make_brief(pieces.plan(3, "piano"), pieces.streams()))
    assert there.reward == pytest.approx(log.reward_after, abs=1e-6)
    page = (session.folder / PAGE).read_text()
    assert all(entry.asks in page for entry in log.kept)
    assert "plan.json" not in edited_files(work)
    # They may be asked again, and begin from what they left.
    assert look(at(session)).reward_before == pytest.approx(log.reward_after, abs=1e-6)


def test_a_persons_music_is_left_alone(session: Session) -> None:
    work = at(session)
    bring_up_to_date(work, "mix", [])
    melody = session.folder / "melody.mid"
    melody.write_bytes((session.folder / "music.mid").read_bytes())
    with pytest.raises(SessionError, match="critics change only what is v2m's own"):
        look(at(session))
    assert not (session.folder / PAGE).exists()


def test_a_review_of_another_plan_is_not_told(session: Session) -> None:
    look(at(session))
    plan = session.folder / "plan.json"
    plan.write_text(plan.read_text().replace('"seed": 3', '"seed": 4'))
    assert review_of(at(session)) is None
    (session.folder / REVIEW).write_text("{}")
    with pytest.raises(SessionError, match="is no review"):
        review_of(at(session))


def test_a_model_tells_the_scenes_of_the_cue_sheet(session: Session) -> None:
    answers = {
        "scenes": {"scenes": [{"scene": 1, "says": "Stillness."}]},
        "arrangement": {"sections": []},
        "review": {"requests": []},
    }
    with serving(lambda body: says(answers[body["response_format"]["json_schema"]["name"]])) as server:
        look(at(session), Endpoint(server.url, limit_s=10.0))
    sheet = json.loads((session.folder / "spotting.json").read_text())
    assert sheet["scenes"][0]["says"] == "Stillness."
    assert "spotting.json" not in edited_files(at(session))
