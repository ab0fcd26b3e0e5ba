"""Onsets against cuts, beats, sections and movement: empty, invalid, perfect, golden, planted."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from tests.v2m.alignment.sounds import clicks
from v2m.alignment import sync
from v2m.alignment.flow import Flow
from v2m.alignment.measure import Measure
from v2m.alignment.onsets import detect_onsets

CUTS_S = np.array([1.3, 3.1, 4.6, 7.9, 10.2, 12.55, 15.0, 18.4, 21.7, 25.1])
SHARES = [sync.cut_hits, sync.kinematic_beat_hits, sync.hit_points]


def named(measures: tuple[Measure, ...]) -> dict[str, Measure]:
    found = {measure.name: measure for measure in measures}
    assert len(found) == len(measures)
    assert {measure.task for measure in measures} <= {"sync"}
    return found


# Empty


@pytest.mark.parametrize("metric", [*SHARES, sync.section_match])
@pytest.mark.parametrize(("events", "targets"), [([], [1.0]), ([1.0], []), ([], [])])
def test_empty_scores_0_with_a_warning(metric, events, targets) -> None:
    with pytest.warns(UserWarning, match="empty"):
        assert metric(events, targets) == 0.0


def test_empty_av_align_scores_0_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="empty"):
        assert sync.av_align([], [1.0], frame_s=0.04) == 0.0
    with pytest.warns(UserWarning, match="empty"):
        assert sync.av_align([], [], frame_s=0.04) == 0.0


def test_what_was_not_looked_for_is_left_out_and_what_is_not_there_is_undefined() -> None:
    still = Flow(np.arange(9) * 0.04, np.zeros(9))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sync.evaluate([1.0, 2.0], 10.0) == ()
        scored = named(sync.evaluate([], 10.0, cuts_s=[2.0, 6.0]))
        assert set(scored) == {"cut_hits", "cut_hits_apart"}
        assert scored["cut_hits"].score == 0.0
        nothing = named(
            sync.evaluate(
                [1.0],
                10.0,
                cuts_s=[],
                hits_s=[],
                flow=still,
                beats_s=[1.0],
                downbeats_s=[1.0],
                kinematic_beats_s=[],
                changes_s=[1.0],
                boundaries_s=[],
            )
        )
    assert len(nothing) == 9
    for measure in nothing.values():
        assert math.isnan(measure.score)
        assert measure.count == 0
        assert measure.note


# Invalid


@pytest.mark.parametrize("bad", [[[1.0, 2.0]], [2.0, 1.0], [np.nan], [np.inf], [40_000.0]])
def test_what_cannot_be_events_is_refused(bad) -> None:
    with pytest.raises(ValueError, match=r"event"):
        sync.cut_hits(bad, [1.0])
    with pytest.raises(ValueError, match=r"event"):
        sync.section_match([1.0], bad)
    with pytest.raises(ValueError, match=r"event"):
        sync.evaluate(bad, 10.0, cuts_s=[1.0])


def test_lengths_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="frame_s"):
        sync.av_align([1.0], [1.0], frame_s=0.0)
    with pytest.raises(ValueError, match="window_s"):
        sync.section_match([1.0], [1.0], window_s=-1.0)
    with pytest.raises(ValueError, match="length"):
        sync.evaluate([1.0], 0.0)


# Perfect


def test_perfect_is_1() -> None:
    for metric in [*SHARES, sync.section_match]:
        assert metric(CUTS_S, CUTS_S) == 1.0
    assert sync.av_align(CUTS_S, CUTS_S, frame_s=1 / 30) == 1.0


def test_clicks_on_the_cuts_are_found_and_score_1() -> None:
    onsets = detect_onsets(clicks(CUTS_S, 28.0))
    scored = named(sync.evaluate(onsets, 28.0, cuts_s=CUTS_S, beats_s=CUTS_S, downbeats_s=CUTS_S[::2]))
    assert set(scored) == {"cut_hits", "cut_hits_apart", "beat_hits", "downbeat_hits"}
    assert scored["cut_hits"].score == 1.0
    assert scored["cut_hits"].count == 10
    assert scored["cut_hits"].chance.lift > 5
    assert scored["cut_hits"].chance.p_value == 0.0
    assert scored["downbeat_hits"].score == 0.5
    without = sync.evaluate(onsets, 28.0, cuts_s=CUTS_S, shifts=0)
    assert [measure.chance for measure in without] == [None, None]


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
    scored = named(sync.evaluate([0.04, 0.32], 0.4, flow=flow))["av_align"]
    assert (scored.score, scored.count) == (1.0, 2)


def test_cuts_well_apart_have_both_neighbours_a_second_away() -> None:
    assert sync.well_apart([1.0, 2.0, 2.5, 4.0, 5.0]) == pytest.approx([1.0, 4.0, 5.0])
    assert sync.well_apart([3.0]) == pytest.approx([3.0])


def test_section_match_pairs_each_boundary_once() -> None:
    # 10 and 10.3 both lie near 10.2, which counts once: 2 of 3 changes, 2 of 4 boundaries.
    changes, boundaries = [10.0, 10.3, 30.4], [10.2, 20.0, 30.0, 40.0]
    precision, recall = 2 / 3, 2 / 4
    golden = 2 * precision * recall / (precision + recall)
    assert sync.section_match(changes, boundaries) == pytest.approx(golden, abs=1e-12)
    # The edge of the window belongs to it.
    assert sync.section_match([1.5], [1.0]) == 1.0
    assert sync.section_match([1.51], [1.0]) == 0.0
    assert sync.section_match([4.0], [1.0], window_s=3.0) == 1.0
    both = named(sync.evaluate([], 50.0, changes_s=changes, boundaries_s=boundaries))
    assert both["section_match_0.5s"].score == pytest.approx(golden)
    assert set(both) == {"section_match_0.5s", "section_match_3s"}


# Stored from mir_eval 0.8.2, segment.detection(..., trim=True), on the times of this seed.
SECTIONS_OF_MIR_EVAL = {0.5: 0.18518518518518517, 3.0: 0.5555555555555556}


@pytest.mark.parametrize("window_s", [0.5, 3.0])
def test_section_match_agrees_with_mir_eval(window_s: float) -> None:
    rng = np.random.default_rng(11)
    boundaries, changes = np.sort(rng.uniform(1, 119, 23)), np.sort(rng.uniform(1, 119, 31))
    assert sync.section_match(changes, boundaries, window_s=window_s) == pytest.approx(
        SECTIONS_OF_MIR_EVAL[window_s], abs=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=25),
    st.lists(st.integers(0, 400), max_size=25),
    st.integers(0, 60),
)
def test_matches_are_as_many_as_can_be(events, targets, window) -> None:
    """Against a maximum matching of the graph of all pairs within the window."""
    first, second = (np.sort(np.array(times, np.float64)) / 10 for times in (events, targets))
    near = np.abs(first[:, None] - second[None, :]) <= window / 10 + 1e-9
    most = 0
    if near.any():
        most = int((maximum_bipartite_matching(csr_array(near), perm_type="column") >= 0).sum())
    assert sync.count_matches(first, second, window_s=window / 10) == most


# Planted


def test_planted_offsets_lower_the_score() -> None:
    rng = np.random.default_rng(2)
    played = CUTS_S + rng.uniform(-0.06, 0.06, len(CUTS_S))
    scores = [sync.cut_hits(played + offset, CUTS_S) for offset in (0.0, 0.04, 0.08, 0.16, 0.32)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert scores[-1] == 0.0


def test_a_planted_offset_lowers_the_lift_of_what_is_heard() -> None:
    """Clicks on the cuts, others off them: once they are late, they fit no better than chance."""
    rng = np.random.default_rng(5)
    cuts = np.cumsum(rng.uniform(1.0, 3.0, 28))
    others = np.sort(rng.uniform(0, 60, 40))
    lifts = []
    for late_s in (0.0, 0.08, 0.16, 0.32):
        played = np.sort(np.concatenate([cuts + late_s, others]))
        onsets = detect_onsets(clicks(played[played < 59.9], 60.0))
        lifts.append(named(sync.evaluate(onsets, 60.0, cuts_s=cuts))["cut_hits"].chance.lift)
    assert lifts[0] > 2.5
    assert lifts[0] > lifts[1] > lifts[2]
    assert max(lifts[2:]) < 1.4
