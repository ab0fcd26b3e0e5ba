"""Alignment measures: empty, invalid, perfect, golden; planted offsets; and what chance scores."""

from __future__ import annotations

import warnings
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.errors import ClipError
from v2m.alignment import chance, sync
from v2m.alignment.audio import read_sound
from v2m.alignment.flow import Flow, measure_flow
from v2m.alignment.onsets import SAMPLE_RATE, detect_onsets

CUTS_S = np.array([1.3, 3.1, 4.6, 7.9, 10.2, 12.55, 15.0, 18.4, 21.7, 25.1])


def clicks(times_s: NDArray[np.float64], duration_s: float) -> NDArray[np.float32]:
    """Clicks at the times, mono at the scoring rate."""
    samples = np.zeros(round(duration_s * SAMPLE_RATE), np.float32)
    decay = np.exp(-np.arange(600) / 90).astype(np.float32)
    for time_s in times_s:
        first = round(time_s * SAMPLE_RATE)
        room = samples[first : first + 600]
        room += 0.5 * (decay * np.sin(np.arange(600) * 0.35).astype(np.float32))[: len(room)]
    return samples


def write_wav(path: Path, samples: NDArray[np.float32], rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0] if samples.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.T * 32767).astype("<i2").tobytes())
    return path


# Empty


@pytest.mark.parametrize("metric", [sync.cut_hits, sync.kinematic_beat_hits, sync.hit_points])
@pytest.mark.parametrize(("events", "targets"), [([], [1.0]), ([1.0], []), ([], [])])
def test_empty_scores_0_with_a_warning(metric, events, targets) -> None:
    with pytest.warns(UserWarning, match="empty"):
        assert metric(events, targets) == 0.0


def test_empty_av_align_scores_0_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="empty"):
        assert sync.av_align([], [1.0], frame_s=0.04) == 0.0
    with pytest.warns(UserWarning, match="empty"):
        assert sync.av_align([], [], frame_s=0.04) == 0.0


def test_silence_has_no_onsets() -> None:
    assert detect_onsets(chance.silence(2.0)).size == 0
    assert detect_onsets(np.zeros(0, np.float32)).size == 0


def test_nothing_to_meet_is_left_out_of_evaluate() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sync.evaluate([1.0, 2.0], 10.0) == {}
        assert set(sync.evaluate([], 10.0, cuts_s=[2.0, 6.0])) == {"cut_hits", "cut_hits_apart"}


# Invalid


@pytest.mark.parametrize("bad", [[[1.0, 2.0]], [2.0, 1.0], [np.nan], [np.inf], [40_000.0]])
def test_what_cannot_be_events_is_refused(bad) -> None:
    with pytest.raises(ValueError, match=r"event"):
        sync.cut_hits(bad, [1.0])
    with pytest.raises(ValueError, match=r"event"):
        sync.cut_hits([1.0], bad)


def test_av_align_refuses_a_frame_of_no_length() -> None:
    with pytest.raises(ValueError, match="frame_s"):
        sync.av_align([1.0], [1.0], frame_s=0.0)


def test_chance_refuses_what_cannot_be_turned() -> None:
    with pytest.raises(ValueError, match="length"):
        chance.against_chance(len, np.array([1.0]), 0.0)
    with pytest.raises(ValueError, match="shift"):
        chance.against_chance(len, np.array([1.0]), 1.0, shifts=0)
    with pytest.raises(ValueError, match="one-dimensional"):
        chance.against_chance(len, np.zeros((2, 2)), 1.0)
    with pytest.raises(ValueError, match="tempo"):
        chance.metronome(1.0, 0.0)
    with pytest.raises(ValueError, match="mono"):
        detect_onsets(np.zeros((2, 100), np.float32))


def test_unreadable_files_are_answered_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a clip")
    for read in (read_sound, measure_flow):
        with pytest.raises(ClipError) as caught:
            read(text)
        assert "\n" not in str(caught.value)


# Perfect


def test_perfect_is_1() -> None:
    assert sync.cut_hits(CUTS_S, CUTS_S) == 1.0
    assert sync.kinematic_beat_hits(CUTS_S, CUTS_S) == 1.0
    assert sync.hit_points(CUTS_S, CUTS_S) == 1.0
    assert sync.av_align(CUTS_S, CUTS_S, frame_s=1 / 30) == 1.0


def test_clicks_on_the_cuts_are_found_and_score_1() -> None:
    onsets = detect_onsets(clicks(CUTS_S, 28.0))
    scored = sync.evaluate(onsets, 28.0, cuts_s=CUTS_S)["cut_hits"]
    assert scored.score == 1.0
    assert scored.lift > 5
    assert scored.p_value == 0.0


# Golden, worked out by hand


def test_cut_hits_counts_the_cuts_within_the_tolerance() -> None:
    onsets = [0.95, 2.081, 3.08, 4.5]
    assert sync.cut_hits(onsets, [1.0, 2.0, 3.0, 4.0]) == 0.5
    assert sync.cut_hits(onsets, [1.0, 2.0, 3.0, 4.0], tolerance_s=0.09) == 0.75
    # One onset may serve two cuts; music is not asked to play twice within 80 ms.
    assert sync.cut_hits([1.0], [0.95, 1.05]) == 1.0


def test_av_align_takes_the_first_free_peak_within_an_open_frame() -> None:
    frame = 0.1
    # 1.00 takes 0.95 (the first); 1.02 takes 1.05; 2.0 is exactly a frame away; 3.0 has none.
    audio, video = [1.0, 1.02, 2.0, 3.0], [0.95, 1.05, 2.1]
    assert sync.av_align(audio, video, frame_s=frame) == pytest.approx(2 / (4 + 3 - 2))
    # Two audio peaks cannot share one video peak.
    assert sync.av_align([1.0, 1.01], [1.0], frame_s=frame) == pytest.approx(0.5)


def test_movement_peaks_are_strict_and_reach_the_threshold() -> None:
    magnitude = np.array([0.0, 0.5, 0.2, 0.09, 0.0, 0.3, 0.3, 0.0, 0.1, 0.0])
    flow = Flow(np.arange(10) * 0.04, magnitude)
    assert sync.movement_peaks(flow) == pytest.approx([0.04, 0.32])
    assert sync.movement_peaks(flow, threshold=0.2) == pytest.approx([0.04])
    assert flow.frame_s == pytest.approx(0.04)


def test_cuts_well_apart_have_both_neighbours_a_second_away() -> None:
    assert sync.well_apart([1.0, 2.0, 2.5, 4.0, 5.0]) == pytest.approx([1.0, 4.0, 5.0])
    assert sync.well_apart([3.0]) == pytest.approx([3.0])


def test_chance_of_a_single_event_is_its_share_of_the_circle() -> None:
    # One target, one event: a turn meets it only by coming round, never with shifts of 10-90 %.
    found = chance.against_chance(lambda e: sync.cut_hits(e, [5.0]), np.array([5.0]), 10.0)
    assert (found.score, found.mean, found.lift, found.p_value) == (1.0, 0.0, float("inf"), 0.0)
    nothing = chance.against_chance(lambda e: sync.cut_hits(e, [5.0]), np.array([9.9]), 10.0, shifts=1)
    assert nothing.score == 0.0
    assert np.isnan(nothing.lift) or nothing.lift == 0.0


def test_turning_is_circular_and_shifts_stay_in_their_range() -> None:
    assert chance.turn(np.array([1.0, 9.0]), 2.0, 10.0) == pytest.approx([1.0, 3.0])
    shifts = chance.draw_shifts(50.0)
    assert len(shifts) == 60
    assert shifts.min() >= 5.0
    assert shifts.max() <= 45.0
    assert (shifts == chance.draw_shifts(50.0)).all()


# Properties and plants


def test_moving_music_and_picture_together_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    onsets = np.sort(rng.uniform(0, 60, 90))
    cuts = np.sort(rng.uniform(0, 60, 25))
    assert sync.cut_hits(onsets, cuts) == sync.cut_hits(onsets + 7.0, cuts + 7.0)
    first = sync.av_align(onsets, cuts, frame_s=0.05)
    assert first == sync.av_align(onsets + 7.0, cuts + 7.0, frame_s=0.05)


def test_planted_offsets_lower_the_score() -> None:
    rng = np.random.default_rng(2)
    played = CUTS_S + rng.uniform(-0.06, 0.06, len(CUTS_S))
    scores = [sync.cut_hits(played + offset, CUTS_S) for offset in (0.0, 0.04, 0.08, 0.16, 0.32)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert scores[-1] == 0.0


def test_a_random_shift_has_a_lift_of_about_1() -> None:
    rng = np.random.default_rng(3)
    lifts = []
    for _ in range(60):
        onsets = np.sort(rng.uniform(0, 120, 240))
        cuts = np.sort(rng.uniform(0, 120, 60))
        lifts.append(chance.against_chance(lambda e, c=cuts: sync.cut_hits(e, c), onsets, 120.0).lift)
    # Standard error of the mean of 60 is about 0.025.
    assert np.mean(lifts) == pytest.approx(1.0, abs=0.08)


def test_dense_music_scores_high_and_lifts_nothing() -> None:
    """The reason for the lift: eight notes a second meet every cut, wherever they are."""
    scored = sync.evaluate(np.arange(0, 28, 0.125), 28.0, cuts_s=CUTS_S)["cut_hits"]
    assert scored.score == 1.0
    assert scored.lift == pytest.approx(1.0, abs=0.01)


def test_straw_men() -> None:
    men = chance.evaluate(lambda e: sync.share_met(e, CUTS_S, tolerance_s=0.08), detect_onsets, 28.0, 120.0)
    assert set(men) == {"silence", "noise", "metronome"}
    assert men["silence"].score == 0.0
    assert men["noise"].lift < 1.6
    assert len(detect_onsets(chance.metronome(10.0, 120.0))) == pytest.approx(20, abs=1)


# From files


def test_sound_is_read_as_mono_at_the_scoring_rate(tmp_path: Path) -> None:
    rate = 44_100
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    path = write_wav(tmp_path / "tone.wav", np.stack([tone, np.zeros_like(tone)]), rate)
    samples = read_sound(path)
    assert samples.shape == (SAMPLE_RATE,)
    middle = samples[2000:-2000]
    assert np.abs(middle).max() == pytest.approx(0.2, abs=0.005)


def test_onsets_from_a_file_are_where_the_clicks_are(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "clicks.wav", clicks(CUTS_S, 28.0), SAMPLE_RATE)
    onsets = detect_onsets(read_sound(path))
    assert len(onsets) == len(CUTS_S)
    assert np.abs(onsets - CUTS_S).max() < 0.035


def test_flow_of_a_made_movement(tmp_path: Path) -> None:
    """A texture that steps aside every half second and rests in between: peaks at the steps."""
    from demos.writer import write_clip

    rng = np.random.default_rng(4)
    import cv2

    texture = cv2.GaussianBlur(rng.integers(0, 255, (240, 640, 3), dtype=np.uint8), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    steps = 6 * np.cumsum([1 if index % 15 == 10 else 0 for index in range(60)])

    def draw(index: int) -> NDArray[np.uint8]:
        return texture[:, steps[index] : steps[index] + 320]

    path = write_clip(tmp_path / "steps.mp4", draw, 60, width=320, height=240, fps=30)
    flow = measure_flow(path)
    peaks = sync.movement_peaks(flow, threshold=1.0)
    assert peaks == pytest.approx([10 / 30, 25 / 30, 40 / 30, 55 / 30], abs=1e-3)
    assert len(flow.times_s) == 60
    # 6 px at 240 lines are 4.5 px at 180.
    assert flow.magnitude[10] == pytest.approx(4.5, rel=0.15)
    onsets = detect_onsets(clicks(peaks, 2.0))
    assert sync.av_align(onsets, peaks, frame_s=flow.frame_s) > 0.3


def test_a_clip_without_sound_is_said_to_have_none(tmp_path: Path) -> None:
    from demos.writer import write_clip

    path = write_clip(
        tmp_path / "grey.mp4", lambda _: np.full((90, 160, 3), 99, np.uint8), 5, width=160, height=90, fps=30
    )
    with pytest.raises(ClipError, match="no sound"):
        read_sound(path)


def test_av_align_agrees_with_a_plain_reading_of_its_definition(tmp_path: Path) -> None:
    """The whole way from a file, against loops written straight from the definition."""
    import cv2

    from demos.make import make

    path = tmp_path / "dance.mp4"
    make("dance", path, height=240, duration_s=4.0)
    reader = cv2.VideoCapture(str(path))
    fps = reader.get(cv2.CAP_PROP_FPS)
    pictures = []
    while (read := reader.read())[0]:
        small = cv2.resize(read[1], (round(read[1].shape[1] * 180 / 240), 180), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    moved = [
        np.mean(
            np.hypot(*np.moveaxis(cv2.calcOpticalFlowFarneback(a, b, None, 0.5, 3, 15, 3, 5, 1.2, 0), -1, 0))
        )
        for a, b in pairwise(pictures)
    ]
    moved = [moved[0], *moved]
    peaks = [
        i / fps
        for i in range(1, len(moved) - 1)
        if moved[i - 1] < moved[i] > moved[i + 1] and moved[i] >= 0.1
    ]
    flow = measure_flow(path)
    assert flow.magnitude == pytest.approx(moved, rel=1e-4, abs=1e-5)
    assert sync.movement_peaks(flow) == pytest.approx(peaks, abs=1e-3)
    onsets = np.sort(np.random.default_rng(7).uniform(0, 4, 40))
    taken: set[int] = set()
    for onset in onsets:
        free = [j for j, peak in enumerate(peaks) if j not in taken and abs(peak - onset) < 1 / fps]
        taken |= set(free[:1])
    expected = len(taken) / (len(onsets) + len(peaks) - len(taken))
    assert expected > 0
    assert sync.av_align(onsets, sync.movement_peaks(flow), frame_s=flow.frame_s) == pytest.approx(expected)


def test_a_planted_offset_lowers_the_lift_of_what_is_heard() -> None:
    """Clicks on the cuts, others off them: once they are late, they fit no better than chance."""
    rng = np.random.default_rng(5)
    cuts = np.cumsum(rng.uniform(1.0, 3.0, 28))
    others = np.sort(rng.uniform(0, 60, 40))
    lifts = []
    for late_s in (0.0, 0.08, 0.16, 0.32):
        played = np.sort(np.concatenate([cuts + late_s, others]))
        onsets = detect_onsets(clicks(played[played < 59.9], 60.0))
        lifts.append(sync.evaluate(onsets, 60.0, cuts_s=cuts)["cut_hits"].lift)
    assert lifts[0] > 2.5
    assert lifts[0] > lifts[1] > lifts[2]
    assert max(lifts[2:]) < 1.4
