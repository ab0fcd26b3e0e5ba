"""Candidates, critics and a language model on the way through, up to the sound."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.v2m.critics import pieces
from tests.v2m.llm.server import Reply, says, serving
from v2m.critics.reward import WEIGHTS
from v2m.llm.endpoint import EndpointError
from v2m.report import Run
from v2m.request import Request, RequestError, make_request
from v2m.writing import Written, written

Write = Callable[..., tuple[Written, Run]]


def asked(**options: Any) -> Request:
    given: dict[str, Any] = dict.fromkeys(
        (
            "key",
            "tempo",
            "metre",
            "mood",
            "seed",
            "plan",
            "keep_tracks",
            "stems",
            "soundfont",
            "title",
            "trim",
            "primer",
        )
    )
    given |= {"mode": "auto", "style": "piano", "silences": "stills", "generator": "auto", "rewrite": ()}
    given |= {
        "at": (),
        "curve": (),
        "keep_audio": False,
        "lufs": -14.0,
        "clip_model": None,
        "pose_model": None,
    }
    given |= {"critics": None, "candidates": 1, "llm": None, "llm_model": None, "force": False}
    return make_request("clip.mp4", None, **(given | options))


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Write:
    monkeypatch.setenv("V2M_DATA", str(tmp_path))

    def go(**options: Any) -> tuple[Written, Run]:
        run = Run()
        return written(None, pieces.streams(), asked(**options), None, run), run  # type: ignore[arg-type]

    return go


def test_unasked_nothing_changes_but_all_is_measured(write: Write) -> None:
    made, run = write()
    assert made.review.entries == ()
    assert made.review.terms_after.keys() == WEIGHTS.keys()
    assert made.plan == pieces.plan(0, "piano")
    assert run.sources["reward"] == "default weights"
    assert len(made.scenes) > 1


def test_the_best_of_three(write: Write) -> None:
    made, _ = write(candidates=3, seed=5)
    rows = made.review.candidates
    assert [row.seed for row in rows] == [5, 6, 7]
    chosen = next(row for row in rows if row.chosen)
    assert chosen.reward == max(row.reward for row in rows)
    assert made.plan == pieces.plan(chosen.seed, "piano")
    for row in rows:
        alone, _ = write(seed=row.seed)
        assert alone.review.reward_after == row.reward


def test_ratings_decide_what_is_best(write: Write, tmp_path: Path) -> None:
    likes = "tension"
    rows = [
        {"of": str(k), "stars": 1 + 4 * (k % 2), "terms": dict.fromkeys(WEIGHTS, 0.0) | {likes: k % 2}}
        for k in range(80)
    ]
    (tmp_path / "ratings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made, run = write()
    assert run.sources["reward"] == "weights from 80 ratings"
    assert made.review.weights[likes] > 3 * WEIGHTS[likes]
    (tmp_path / "ratings.jsonl").write_text("stars\n")
    made, run = write()
    assert made.review.weights == WEIGHTS
    assert any("line 1: is not a rating" in note and "default weights" in note for note in run.notes)


def test_a_model_that_is_out_of_order_leaves_v2ms_own_critics(write: Write) -> None:
    alone, _ = write(critics=True)
    with serving(lambda body: Reply(b"out of order", 404)) as server:
        made, run = write(llm=server.url)
    assert made.review.entries == alone.review.entries
    assert made.plan == alone.plan
    told = [note for note in run.notes if "language model" in note]
    assert len(told) == 2  # the scenes, and the review
    assert all("answered 404" in note for note in told)
    # The report, log and all, is JSON.
    assert json.dumps(asdict(made.review))


def test_a_model_tells_the_scenes(write: Write) -> None:
    answers = {
        "scenes": {"scenes": [{"scene": 1, "says": "Stillness."}]},
        "arrangement": {"sections": []},
        "review": {"requests": []},
    }
    with serving(lambda body: says(answers[body["response_format"]["json_schema"]["name"]])) as server:
        made, run = write(llm=server.url, llm_model="tiny")
    assert made.scenes[0].says == "Stillness."
    assert run.sources["reviewer"].startswith("tiny at 127.0.0.1:")
    assert not [note for note in run.notes if "language model" in note]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"candidates": 0}, "give 1 to 32"),
        ({"candidates": 99}, "give 1 to 32"),
        ({"critics": True, "keep_tracks": "a.mid"}, "critics do not touch tracks"),
        ({"llm": "http://localhost:1/v1", "critics": False}, "leave out --no-critics"),
        ({"llm_model": "tiny"}, "name it with --llm"),
    ],
)
def test_options_that_exclude_each_other(options: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        asked(**options)


def test_an_address_that_is_none() -> None:
    with pytest.raises(EndpointError, match="no address"):
        asked(llm="localhost")
