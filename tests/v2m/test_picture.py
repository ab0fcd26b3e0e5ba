"""Figures are drawn for any clip, with its own frames, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from encoders.clip import probe
from encoders.encode import encode
from generators.plan import make_plan
from generators.rhythm import compose
from generators.wishes import Wishes
from tests.clips import SHOT_COLOURS, read_number
from tests.conftest import MakeClip
from tests.generators import streams_by_hand as by_hand
from v2m.film_strip import film_strip
from v2m.panels import clock
from v2m.picture import draw_analysis, draw_plan

NO_CUTS = np.zeros(0)


def pixels(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def has_colour(picture: np.ndarray, rgb: tuple[int, int, int], within: int = 14) -> bool:
    return bool((np.abs(picture.astype(int) - np.array(rgb)).max(axis=2) <= within).sum() > 400)


def test_film_strip_shows_each_shot(make_clip: MakeClip) -> None:
    clip = probe(make_clip("shots"))
    pictures = film_strip(clip, [1.0, 2.6, 4.0, 5.7, 7.2], np.array([2.0, 3.2, 5.0, 6.4]))
    for picture, colour in zip(pictures, SHOT_COLOURS, strict=False):
        assert has_colour(picture, colour)


def test_film_strip_stays_near_the_instant(make_clip: MakeClip) -> None:
    clip = probe(make_clip("plain"))
    wanted = (np.arange(6) + 0.5) / 6 * clip.duration_s
    numbers = [read_number(p) for p in film_strip(clip, wanted.tolist(), NO_CUTS)]
    assert np.abs(clip.frame_times_s[numbers] - wanted).max() <= 0.35 * clip.duration_s / 6 + clip.frame_s


@pytest.mark.parametrize("kind", ["av1", "gif", "vfr", "late_start", "wide_pixels", "ten_bit"])
def test_film_strip_of_awkward_files(make_clip: MakeClip, kind: str) -> None:
    clip = probe(make_clip(kind))
    wanted = (np.arange(4) + 0.5) / 4 * clip.duration_s
    pictures = film_strip(clip, wanted.tolist(), NO_CUTS, short_side=96)
    numbers = np.array([read_number(p) for p in pictures])
    assert np.abs(clip.frame_times_s[numbers] - wanted).max() <= 0.35 * clip.duration_s / 4 + 2 * clip.frame_s
    for picture in pictures:
        assert picture.shape[1] / picture.shape[0] == pytest.approx(clip.width / clip.height, rel=0.03)


def test_analysis_of_a_real_clip(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("shots"))
    streams = encode(clip, senses=["cuts", "colour", "motion", "affect"])
    out = draw_analysis(clip, streams, tmp_path / "seen.png")
    picture = pixels(out)
    assert picture.shape[1] == 1600
    film = picture[74:186]
    for colour in SHOT_COLOURS[:5]:
        assert has_colour(film, colour)
    # A red line at each cut, through the motion panel.
    left, width = 132, 1600 - 132 - 96
    for time_s in (2.0, 3.2, 5.0, 6.4):
        at = round(left + time_s / clip.duration_s * width)
        column = picture[300:380, at - 2 : at + 3].astype(int)
        assert (column[..., 0] - column[..., 2] > 40).any(axis=1).mean() > 0.8
    assert [path.name for path in tmp_path.iterdir()] == ["seen.png"]


def test_analysis_of_a_clip_that_says_nothing(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    out = draw_analysis(clip, by_hand.clip(clip.duration_s), tmp_path / "nothing.png")
    assert pixels(out).shape[1] == 1600


@pytest.mark.parametrize("with_music", [True, False])
def test_plan(make_clip: MakeClip, tmp_path: Path, with_music: bool) -> None:
    clip = probe(make_clip("shots"))
    streams = by_hand.clip(
        clip.duration_s,
        by_hand.cuts([2.0, 3.2, 5.0, 6.4]),
        by_hand.curve("affect", clip.duration_s, 0.5, valence=0.2, arousal=0.1, tension=0.2),
        by_hand.curve("motion", clip.duration_s, 0.04, energy=[0.1, 0.5, 0.1]),
    )
    plan = make_plan(streams, Wishes())
    music = compose(plan) if with_music else None
    picture = pixels(draw_plan(clip, streams, plan, tmp_path / "plan.png", music))
    assert picture.shape[1] == 1600
    assert has_colour(picture[74:186], SHOT_COLOURS[0])
    # The roll is what makes the page higher.
    assert (picture.shape[0] > 800) == with_music


def test_a_plan_of_ten_minutes(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    streams = by_hand.clip(600.0, by_hand.cuts(np.arange(3.0, 600, 9.7).tolist()))
    plan = make_plan(streams, Wishes())
    assert pixels(draw_plan(clip, streams, plan, tmp_path / "long.png")).shape[1] == 1600


def test_a_figure_that_fails_leaves_nothing(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = probe(make_clip("plain"))
    (tmp_path / "out.png").mkdir()
    with pytest.raises(OSError, match=r"out\.png"):
        draw_analysis(clip, by_hand.clip(clip.duration_s), tmp_path / "out.png")
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_clock() -> None:
    assert [clock(s) for s in (0, 1.5, 59, 60, 185.0)] == ["0 s", "1.5 s", "59 s", "1:00", "3:05"]
