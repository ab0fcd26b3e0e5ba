"""What is seen of a body: it is followed through a shot, and never across a cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.body import JOINTS
from encoders.clip import Clip, probe
from encoders.pose import POSE_COLUMNS
from encoders.stream import Stream
from tests.conftest import MakeClip
from tests.encoders.test_kinematics import figure
from tests.generators.streams_by_hand import clip as streams_of
from tests.generators.streams_by_hand import cuts
from v2m.alignment.flow import Flow
from v2m.alignment.seen import Seen
from v2m.alignment.trains import Train

RATE_HZ, SECONDS = 30, 8
TIMES_S = np.arange(RATE_HZ * SECONDS) / RATE_HZ


@pytest.fixture
def clip(make_clip: MakeClip) -> Clip:
    return probe(make_clip("plain"))


def seen_of(clip: Clip, offsets: NDArray[np.float64], cuts_s: list[float]) -> Seen:
    """A body that is moved by `offsets` `[T, 33, 2]`, in a picture that is cut."""
    mask = np.ones(len(TIMES_S), bool)
    values = figure(offsets).reshape(len(TIMES_S), -1)
    pose = Stream("pose", TIMES_S, values, mask, POSE_COLUMNS, "picture sizes", "by hand")
    still = Flow(TIMES_S, np.zeros(len(TIMES_S)))
    none = np.zeros(0)
    return Seen(clip, streams_of(SECONDS, cuts(cuts_s), pose), still, Train(none, none), none)


def swinging() -> NDArray[np.float64]:
    """All joints swing together and stand still every half second, at odd quarters."""
    swing = 0.05 * -np.cos(2 * np.pi * (TIMES_S - 0.2617))
    return np.repeat(swing[:, None, None], 33, axis=1) * [1.0, 0.3]


def test_a_cut_moves_nobody(clip: Clip) -> None:
    """A body that only ever drifts has no rests, wherever the camera sees it from."""
    drift = np.repeat((0.06 * TIMES_S + 0.004 * TIMES_S**2)[:, None, None], 33, axis=1) * [1.0, 0.2]
    cuts_s = [2.0, 3.5, 5.0, 6.5]
    shot = np.searchsorted(cuts_s, TIMES_S, side="right")
    jumping = drift + np.where(shot % 2, 0.08, -0.08)[:, None, None]
    seen = seen_of(clip, jumping, cuts_s)
    assert [len(times) for _, times in seen.bodies] == [60, 45, 45, 45, 45]
    assert seen.motion_beats is not None
    assert not len(seen.motion_beats.aistpp_s)
    assert not len(seen.motion_beats.bailando_s)
    # Without the cuts, the jumps would be taken for movement, with rests beside them.
    uncut = seen_of(clip, jumping, [])
    assert uncut.motion_beats is not None
    assert len(uncut.motion_beats.bailando_s)


def test_only_joints_count(clip: Clip) -> None:
    """Face, fingers and toes may tremble as they like."""
    steady = seen_of(clip, swinging(), []).motion_beats
    small = np.ones(33, bool)
    small[JOINTS] = False
    trembling = swinging()
    trembling[:, small] += np.random.default_rng(4).normal(0, 0.05, (len(TIMES_S), small.sum(), 2))
    same = seen_of(clip, trembling, []).motion_beats
    assert steady is not None
    assert same is not None
    rests_s = np.arange(0.2617, SECONDS - 0.3, 0.5)
    for found in (steady.aistpp_s, steady.bailando_s):
        assert np.abs(found[:, None] - rests_s).min(axis=0)[1:-1].max() < 0.04
    np.testing.assert_array_equal(same.aistpp_s, steady.aistpp_s)
    np.testing.assert_array_equal(same.bailando_s, steady.bailando_s)
