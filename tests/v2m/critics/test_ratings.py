"""Ratings: kept, read back, and what they make of the reward's weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from v2m.critics.ratings import NAME, Rating, RatingError, keep_rating, load_ratings, weights_from
from v2m.critics.reward import WEIGHTS
from v2m.rating import rate, remember
from v2m.user_data import data_folder


def rating(stars: int, of: str = "a", **terms: float) -> Rating:
    return Rating(of, stars, dict.fromkeys(WEIGHTS, 0.0) | terms)


def some(count: int, likes: str, seed: int = 0) -> list[Rating]:
    """Ratings of a person who hears one term alone."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(count):
        terms = dict(zip(WEIGHTS, rng.uniform(-1, 1, len(WEIGHTS)).tolist(), strict=True))
        made.append(Rating(str(k), int(np.clip(round(3 + 2 * terms[likes]), 1, 5)), terms))
    return made


def test_without_ratings_the_weights_are_the_default() -> None:
    assert weights_from([]) == dict(WEIGHTS)
    # One tells a level and no difference.
    assert weights_from([rating(5, loudness=1.0)]) == pytest.approx(dict(WEIGHTS))


def test_a_few_ratings_move_the_weights_a_little() -> None:
    moved = weights_from(some(3, "lead"))
    assert sum(moved.values()) == pytest.approx(1.0)
    assert max(abs(moved[name] - WEIGHTS[name]) for name in WEIGHTS) < 0.1


def test_many_ratings_find_what_a_person_likes() -> None:
    moved = weights_from(some(60, "lead"))
    assert min(moved.values()) >= 0
    assert sum(moved.values()) == pytest.approx(1.0)
    assert max(moved, key=lambda name: moved[name]) == "lead"
    assert moved["lead"] > 0.5 > WEIGHTS["lead"] * 5
    few = weights_from(some(10, "lead"))
    assert WEIGHTS["lead"] < few["lead"] < moved["lead"]


def test_ratings_come_back_one_a_piece(tmp_path: Path) -> None:
    for one in (rating(2, "a"), rating(4, "b"), rating(5, "a", key=0.5)):
        keep_rating(one, tmp_path / "new")
    assert load_ratings(tmp_path / "new") == (rating(5, "a", key=0.5), rating(4, "b"))
    assert load_ratings(tmp_path) == ()


def test_what_is_no_rating_is_refused(tmp_path: Path) -> None:
    for stars in (0, 6, True):
        with pytest.raises(RatingError, match="give 1 to 5"):
            rating(stars)
    (tmp_path / NAME).write_text('{"of": "a", "stars": 3\n')
    with pytest.raises(RatingError, match=r"line 1: is not a rating"):
        load_ratings(tmp_path)
    # Ratings by another version's terms say nothing of this one's.
    (tmp_path / NAME).write_text(json.dumps({"of": "a", "stars": 3, "terms": {"charm": 1.0}}) + "\n")
    assert load_ratings(tmp_path) == ()


def test_a_clip_a_report_and_a_session_are_rated(tmp_path: Path) -> None:
    terms = dict.fromkeys(WEIGHTS, 0.25)
    kept = tmp_path / "data"
    clip = tmp_path / "clip.scored.mp4"
    clip.write_bytes(b"picture and sound")
    remember(clip, terms, folder=kept)
    session = tmp_path / "clip.v2m"
    session.mkdir()
    report = session / "report.json"
    report.write_text(json.dumps({"review": {"terms_after": terms}}))
    assert rate(clip, 4, folder=kept) == pytest.approx(dict(WEIGHTS))
    rate(session, 2, folder=kept)
    rate(report, 3, folder=kept)
    assert [r.stars for r in load_ratings(kept)] == [4, 3]


def test_what_is_not_known_cannot_be_rated(tmp_path: Path) -> None:
    clip, report = tmp_path / "clip.mp4", tmp_path / "report.json"
    for place, said in ((clip, "no such file"), (tmp_path, "render it first")):
        with pytest.raises(RatingError, match=said):
            rate(place, 3, folder=tmp_path / "data")
    clip.write_bytes(b"somebody else's")
    with pytest.raises(RatingError, match="not known here"):
        rate(clip, 3, folder=tmp_path / "data")
    for text, said in (
        ("[]", "is no run report"),
        ("{", "is no run report"),
        ("{}", "says nothing of its reward"),
    ):
        report.write_text(text)
        with pytest.raises(RatingError, match=said):
            rate(report, 3, folder=tmp_path / "data")


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("V2M_DATA", raising=False)
    assert data_folder() == tmp_path / "v2m"
    monkeypatch.setenv("V2M_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
