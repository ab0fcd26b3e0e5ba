"""Music at known distances from the picture, through the real encoder, muxer and decoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import v2m
from tests.v2m.scoring import scenes
from v2m.scoring.compare import rank, score_alike
from v2m.scoring.request import make_request
from v2m.scoring.result import ClipScore

OFFSETS_S = (0.0, 0.04, 0.08, 0.16, 0.32)


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> list[ClipScore]:
    """Of one picture with its music in time, and later by each of the offsets."""
    folder = tmp_path_factory.mktemp("planted")
    silent = scenes.picture(folder / "silent.mp4")
    placed = [
        scenes.with_music(
            silent, folder / f"late-{round(1000 * late_s)}.mp4", np.array(scenes.EVENTS_S) + late_s
        )
        for late_s in OFFSETS_S
    ]
    return score_alike([make_request(path) for path in placed])


def test_the_score_falls_as_the_music_comes_later(scores: list[ClipScore]) -> None:
    fits = [score["accent_alignment"].score for score in scores]
    assert fits == sorted(fits, reverse=True)
    assert min(np.diff(fits[::-1])) > 0.01
    assert fits[0] > 0.95
    lifts = [score["accent_alignment"].chance.lift for score in scores]  # type: ignore[union-attr]
    assert lifts[0] > 2.5
    assert lifts[-1] < 1.3
    aligned = [score["av_align"].score for score in scores]
    assert aligned[0] > 0.8
    assert max(aligned[2:]) < 0.2


def test_the_curve_finds_each_offset_within_20_ms(scores: list[ClipScore]) -> None:
    for score, late_s in zip(scores, OFFSETS_S, strict=True):
        assert score["lag"].score == pytest.approx(late_s, abs=0.02)
        assert score.evidence is not None
        local = score.evidence.local
        known = local.lag_s[local.lag_known]
        assert len(known) > len(local.lag_s) / 2
        assert np.abs(known - late_s).max() < 0.02


def test_every_accent_of_the_picture_is_seen(scores: list[ClipScore]) -> None:
    assert scores[0].evidence is not None
    seen = scores[0].evidence.seen
    assert seen.accents.times_s == pytest.approx(scenes.EVENTS_S, abs=1 / scenes.FPS + 1e-3)
    assert seen is scores[1].evidence.seen  # type: ignore[union-attr]


def test_ranking_puts_music_in_time_first_and_says_how_sure_it_is(scores: list[ClipScore]) -> None:
    ranking = rank([scores[4], scores[0], scores[2]], seed=1)
    assert [entry.name for entry in ranking.entries] == ["late-0.mp4", "late-80.mp4", "late-320.mp4"]
    best, *others = ranking.entries
    assert best.behind == 0.0
    assert best.fit_interval[0] <= best.fit <= best.fit_interval[1]
    for entry in others:
        assert entry.behind_interval[0] > 0
        assert entry.better_share < 0.01
    assert ranking.notes == ()
    assert ranking == rank([scores[4], scores[0], scores[2]], seed=1)


def test_music_is_no_better_than_itself(scores: list[ClipScore]) -> None:
    first, second = rank([scores[1], scores[1]]).entries
    assert second.behind == first.behind == 0.0
    assert second.behind_interval == (0.0, 0.0)


def test_another_picture_is_told(scores: list[ClipScore], tmp_path: Path) -> None:
    events = [1.0, 3.0, 3.6, 5.2, 6.6, 8.0]
    other = scenes.with_music(
        scenes.picture(tmp_path / "o.mp4", events, 9.0), tmp_path / "other.mp4", events, 9.0
    )
    ranking = rank([scores[0], v2m.score(other)])
    assert len(ranking.notes) == 1
    assert "another picture" in ranking.notes[0]
