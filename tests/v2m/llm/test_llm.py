"""A language model over real HTTP: good answers are used, all others are passed over with one line."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from generators.cue_sheet import spot
from generators.rhythm import compose
from generators.wishes import Wishes
from tests.v2m.critics import pieces
from tests.v2m.llm.server import Reply, says, serving
from v2m.critics.brief import make_brief
from v2m.critics.reward import WEIGHTS
from v2m.critics.rounds import improve
from v2m.critics.work import Work, make_work
from v2m.llm import endpoint
from v2m.llm.endpoint import Endpoint, EndpointError, NoAnswerError, ask, make_endpoint
from v2m.llm.json_schema import SchemaError, check
from v2m.llm.questions import ARRANGEMENT, REVIEW, SCENES
from v2m.llm.reviewer import Reviewer
from v2m.llm.spotting import told_by

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 9}},
    "required": ["word"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "WAIT_S", 0.01)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # leads nowhere: loopback is reached without it


@pytest.fixture(scope="module")
def work() -> Work:
    plan = pieces.plan(3)
    return make_work(plan, compose(plan), make_brief(plan, pieces.streams()))


def question(url: str, limit_s: float = 5.0, key: str = "") -> Any:
    return ask(Endpoint(url, "tiny", key, limit_s), "Say a word.", {"n": 1}, SCHEMA, "word")


def test_a_question_as_the_protocol_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2M_LLM_KEY", "secret")
    with serving(lambda body: says({"word": "yes"})) as server:
        known = make_endpoint(server.url, "tiny")
        assert ask(known, "Say a word.", {"n": 1}, SCHEMA, "word") == {"word": "yes"}
    (body,) = server.asked
    assert (body["path"], body["model"]) == ("/v1/chat/completions", "tiny")
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert json.loads(body["messages"][1]["content"]) == {"n": 1}
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert "secret" not in repr(known)


def test_no_key_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("V2M_LLM_KEY", raising=False)
    with serving(lambda body: says("```json\n" + json.dumps({"word": "ok"}) + "\n```")) as server:
        known = make_endpoint(server.url + "/chat/completions")
        assert ask(known, "Say.", {}, SCHEMA, "word") == {"word": "ok"}
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("reply", "why", "tries"),
    [
        (says("Certainly! Here you are."), "no JSON", 3),
        (says({"sentence": "yes"}), "lacks 'word'", 3),
        (says({"word": "yes", "more": 1}), "not asked for", 3),
        (says({"word": "much too long a word"}), "longer than 9", 3),
        (says([1]), "is no object", 3),
        (Reply(b"<html>"), "no chat completion", 3),
        (Reply(b'{"choices": []}'), "no chat completion", 3),
        (Reply(b'{"choices": [{"message": {"content": null}}]}'), "no text", 3),
        (Reply(b"", 503), "answered 503", 3),
        (Reply(b"", 429), "answered 429", 3),
        (Reply(b"", 401), "answered 401", 1),
        (Reply(b"", 307, {"Location": "http://127.0.0.1:9/elsewhere"}), "answered 307", 1),
        (Reply(b" " * (endpoint.MOST_BYTES + 10)), "longer than 1 MB", 1),
    ],
)
def test_answers_that_cannot_be_used(reply: Reply, why: str, tries: int) -> None:
    with serving(lambda body: reply) as server, pytest.raises(NoAnswerError, match=why) as told:
        question(server.url)
    assert len(server.asked) == tries
    assert "\n" not in str(told.value)


def test_a_second_try_may_do() -> None:
    replies = iter([Reply(b"", 500), says("hm"), says({"word": "yes"})])
    with serving(lambda body: next(replies)) as server:
        assert question(server.url) == {"word": "yes"}


def test_a_server_that_knows_no_schemas_is_asked_without() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return Reply(b"", 400) if "response_format" in body else says({"word": "yes"})

    with serving(answer) as server:
        assert question(server.url) == {"word": "yes"}


def test_slow_answers_are_left_at_the_limit() -> None:
    """One that never begins, and one that comes drop by drop so that no single wait is long."""

    def never(body: dict[str, Any]) -> Reply:
        time.sleep(1.5)
        return says({"word": "late"})

    drop = Reply(says({"word": "yes"}).body, drop_s=0.2)
    for answer in (never, lambda body: drop):
        began = time.monotonic()
        with serving(answer) as server, pytest.raises(NoAnswerError, match="too slow"):
            question(server.url, limit_s=0.5)
        assert time.monotonic() - began < 4.0


def test_nobody_there() -> None:
    with pytest.raises(NoAnswerError, match="cannot be reached"):
        question("http://127.0.0.1:9/v1", limit_s=2.0)


@pytest.mark.parametrize(
    "url", ["localhost:11434", "ftp://host/v1", "http://", "http://u:p@host", "http://a b"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(EndpointError, match="no address"):
        Endpoint(url)


def test_schemas() -> None:
    for schema in (SCENES, ARRANGEMENT, REVIEW):
        with pytest.raises(SchemaError):
            check({}, schema)
    check({"requests": []}, REVIEW)
    good = {"kind": "level", "voice": "Horns", "by_db": -2}
    check({"requests": [{"found": "Loud.", "change": good}]}, REVIEW)
    for change in (good | {"by_db": 90}, good | {"by_db": True}, {"kind": "shout"}, {"kind": "level"}):
        with pytest.raises(SchemaError):
            check({"requests": [{"found": "Loud.", "change": change}]}, REVIEW)
    with pytest.raises(SchemaError):
        check(float("nan"), {"type": "number"})
    with pytest.raises(KeyError):
        check(1, {"pattern": "x"})


def model(body: dict[str, Any]) -> Reply:
    """A model that arranges and reviews: one change that can help, one of bars that there are not."""
    name = body["response_format"]["json_schema"]["name"]
    facts = json.loads(body["messages"][1]["content"])
    if name == "arrangement":
        return says({"sections": [{"section": 1, "players": ["Nobody"], "why": "It is night."}]})
    if name == "scenes":
        return says({"scenes": [{"scene": 1, "says": "Night  falls\non the sea."}]})
    tune = next(voice["name"] for voice in facts["voices"] if voice["role"] == "melody")
    take = {"kind": "take", "bars": "bars 1-2", "voices": [tune], "seed": len(facts["sections"])}
    far = {"kind": "curve", "bars": "bars 70-71", "curve": "density", "by": 0.2}
    return says(
        {"requests": [{"found": "Dull.", "change": far}, {"found": "The tune wanders.", "change": take}]}
    )


def test_a_model_among_the_critics(work: Work) -> None:
    with serving(model) as server:
        reviewer = Reviewer(Endpoint(server.url, limit_s=10.0))
        made = improve(work.plan, work.music, work.brief, critics=reviewer.critics(WEIGHTS), rounds=1)
    asked = [entry for entry in made.log.entries if entry.critic == "model, reviewing"]
    assert [entry.found for entry in asked] == ["The tune wanders."]
    assert asked[0].kept == (asked[0].reward_after - asked[0].reward_before >= 0.0005)
    told = " ".join(reviewer.notes)
    assert "nobody is called 'Nobody'" in told
    assert "the music has" in told
    # Only what is written and measured is sent: no path, no name of a file.
    sent = json.dumps(server.asked)
    assert "hash-by-hand" not in sent
    assert "measures" in sent


def test_a_model_that_fails_is_asked_once_and_changes_nothing(work: Work) -> None:
    with serving(lambda body: says("I would rather talk about something else.")) as server:
        reviewer = Reviewer(Endpoint(server.url, limit_s=5.0))
        made = improve(work.plan, work.music, work.brief, critics=reviewer.critics(WEIGHTS))
    assert len(server.asked) == endpoint.TRIES
    assert made.plan is work.plan
    assert made.music is work.music
    (note,) = reviewer.notes
    assert "no answer that can be used" in note
    assert "v2m's own critics went on" in note


def test_scenes_in_a_models_words() -> None:
    sheet = spot(pieces.streams(), Wishes())
    with serving(model) as server:
        told, missing = told_by(Endpoint(server.url, limit_s=5.0), sheet)
    assert missing == ""
    assert told.scenes[0].says == "Night falls on the sea."
    assert told.scenes[1:] == sheet.scenes[1:]
    with serving(lambda body: Reply(b"", 401)) as server:
        told, missing = told_by(Endpoint(server.url, limit_s=5.0), sheet)
    assert told == sheet
    assert "answered 401" in missing
