"""Do the music's onsets and beats fall where the picture cuts and moves?

Conventions
-----------
Events are float64 arrays of seconds from the clip's first frame, non-decreasing. As in
mir_eval (Raffel et al., "mir_eval: a transparent implementation of common MIR metrics",
ISMIR 2014), an empty array is warned about and scores 0, and an array that cannot be events
raises ValueError. Tolerances are named arguments, and inclusive unless said otherwise.

None of these numbers means anything by itself: a dense enough music hits everything. Report
them with what chance gives (`v2m.alignment.chance`).

Metrics
-------
* `cut_hits`: share of shot cuts with an onset within 80 ms; with the music's downbeats in
  place of its onsets, downbeat hits.
* `kinematic_beat_hits`: share of the body's rests with a musical beat within 60 ms.
* `hit_points`: share of a plan's hits that sound within 80 ms of the event they are for.
* `av_align`: intersection over union of audio and movement peaks (Yariv, Gat, Benaim, Wolf,
  Schwartz & Adi, "Diverse and aligned audio-to-video generation via text-to-video model
  adaptation", AAAI 2024).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.chance import SHIFTS, Chance, against_chance

if TYPE_CHECKING:
    from v2m.alignment.flow import Flow

CUT_TOLERANCE_S = 0.08
BEAT_TOLERANCE_S = 0.06
FLOW_THRESHOLD = 0.1
"""Movement peaks below this many px a frame pair do not count (at 180 lines)."""

MAX_TIME_S = 30_000.0
"""No event lies later than this; most likely it was given in another unit (as in mir_eval)."""


def validate(*events: ArrayLike) -> list[NDArray[np.float64]]:
    """Arrays of event times, checked.

    Raises:
        ValueError: if one is not one-dimensional, not finite, decreases, or lies beyond 30,000 s.

    Warns:
        UserWarning: if one is empty.
    """
    checked = []
    for given in events:
        times = np.asarray(given, dtype=np.float64)
        if times.ndim != 1:
            raise ValueError(f"events must be one-dimensional, not of shape {times.shape}")
        if not times.size:
            warnings.warn("an array of events is empty", stacklevel=3)
        elif not np.isfinite(times).all():
            raise ValueError("event times must be finite")
        elif np.abs(times).max() > MAX_TIME_S:
            raise ValueError(f"an event at {np.abs(times).max():.0f} is not in seconds")
        elif (np.diff(times) < 0).any():
            raise ValueError("event times must not decrease")
        checked.append(times)
    return checked


def share_met(events_s: ArrayLike, targets_s: ArrayLike, *, tolerance_s: float) -> float:
    """Share of `targets_s` that have one of `events_s` within `tolerance_s`; 0 if either is empty."""
    events, targets = validate(events_s, targets_s)
    if not events.size or not targets.size:
        return 0.0
    return float(np.mean(distance_to_nearest(targets, events) <= tolerance_s + 1e-9))


def distance_to_nearest(targets_s: NDArray[np.float64], events_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each target is from the event nearest to it, float64 `[targets]`, seconds."""
    after = np.searchsorted(events_s, targets_s)
    left = np.abs(targets_s - events_s[np.maximum(after - 1, 0)])
    right = np.abs(targets_s - events_s[np.minimum(after, len(events_s) - 1)])
    return np.asarray(np.minimum(left, right))


def cut_hits(onsets_s: ArrayLike, cuts_s: ArrayLike, *, tolerance_s: float = CUT_TOLERANCE_S) -> float:
    """Share of the cuts that have an onset (or, if those are given, a downbeat) near them."""
    return share_met(onsets_s, cuts_s, tolerance_s=tolerance_s)


def kinematic_beat_hits(
    beats_s: ArrayLike, kinematic_beats_s: ArrayLike, *, tolerance_s: float = BEAT_TOLERANCE_S
) -> float:
    """Share of the kinematic beats that have a musical beat near them."""
    return share_met(beats_s, kinematic_beats_s, tolerance_s=tolerance_s)


def hit_points(onsets_s: ArrayLike, hits_s: ArrayLike, *, tolerance_s: float = CUT_TOLERANCE_S) -> float:
    """Share of a plan's hits (the times of the events in the picture) that sound near their event."""
    return share_met(onsets_s, hits_s, tolerance_s=tolerance_s)


def well_apart(cuts_s: ArrayLike, *, least_s: float = 1.0) -> NDArray[np.float64]:
    """The cuts that are at least `least_s` from both their neighbours.

    Where cuts come faster than that, hitting each is not what music is for.
    """
    (cuts,) = validate(cuts_s)
    if cuts.size < 2:
        return cuts
    gaps = np.diff(cuts)
    far = np.ones(len(cuts), dtype=bool)
    far[1:] &= gaps >= least_s - 1e-9
    far[:-1] &= gaps >= least_s - 1e-9
    return cuts[far]


def movement_peaks(flow: Flow, *, threshold: float = FLOW_THRESHOLD) -> NDArray[np.float64]:
    """Times of the strict local maxima of the flow that reach the threshold, seconds."""
    m = flow.magnitude
    if len(m) < 3:
        return np.zeros(0)
    peak = (m[1:-1] > m[:-2]) & (m[1:-1] > m[2:]) & (m[1:-1] >= threshold)
    return flow.times_s[1:-1][peak]


def av_align(audio_peaks_s: ArrayLike, video_peaks_s: ArrayLike, *, frame_s: float) -> float:
    """AV-Align: matched ÷ (audio + video − matched).

    Audio peaks are gone through in order; each takes the first video peak that is not taken and
    lies less than one frame away (`frame_s`, an open interval). 0 if either is empty.

    Raises:
        ValueError: if `frame_s` is not positive, or the peaks are not events.
    """
    if not frame_s > 0:
        raise ValueError("frame_s must be positive")
    audio, video = validate(audio_peaks_s, video_peaks_s)
    taken = np.zeros(len(video), dtype=bool)
    for peak in audio:
        # Peaks are sorted, so the candidates lie side by side.
        first, end = np.searchsorted(video, [peak - frame_s, peak + frame_s], side="left")
        for k in range(int(first), int(end)):
            if not taken[k] and abs(video[k] - peak) < frame_s:
                taken[k] = True
                break
    matched = int(taken.sum())
    union = len(audio) + len(video) - matched
    return matched / union if union else 0.0


def evaluate(
    onsets_s: ArrayLike,
    duration_s: float,
    *,
    cuts_s: ArrayLike = (),
    hits_s: ArrayLike = (),
    flow: Flow | None = None,
    beats_s: ArrayLike = (),
    downbeats_s: ArrayLike = (),
    kinematic_beats_s: ArrayLike = (),
    shifts: int = SHIFTS,
    seed: int = 0,
) -> Mapping[str, Chance]:
    """Every metric for which there is something to meet, each with what chance gives.

    A metric without targets (no cuts in the clip) is undefined and left out, so that a mean
    over clips is not drawn towards 0 by clips that have nothing to meet.

    Args:
        onsets_s: of the music.
        duration_s: length of the music, on which it is turned.
        cuts_s: all shot cuts.
        hits_s: event times of the planned hits.
        flow: movement of the picture, for AV-Align.
        beats_s, downbeats_s: of the music, where they are known.
        kinematic_beats_s: of the dancer.
        shifts, seed: see `v2m.alignment.chance`.

    Returns:
        metric name → `Chance`.
    """
    scores: dict[str, Chance] = {}
    cuts, hits, rests = (np.asarray(e, dtype=np.float64) for e in (cuts_s, hits_s, kinematic_beats_s))
    onsets = np.asarray(onsets_s, dtype=np.float64)

    def add(name: str, music: ArrayLike, targets: NDArray[np.float64], tolerance_s: float) -> None:
        if targets.size:
            scores[name] = against_chance(
                lambda moved: share_met(moved, targets, tolerance_s=tolerance_s),
                np.asarray(music, dtype=np.float64),
                duration_s,
                shifts=shifts,
                seed=seed,
            )

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="an array of events is empty")
        add("cut_hits", onsets, cuts, CUT_TOLERANCE_S)
        add("cut_hits_apart", onsets, well_apart(cuts), CUT_TOLERANCE_S)
        add("hit_points", onsets, hits, CUT_TOLERANCE_S)
        if np.size(downbeats_s):
            add("downbeat_hits", downbeats_s, cuts, CUT_TOLERANCE_S)
        if np.size(beats_s):
            add("kinematic_beat_hits", beats_s, rests, BEAT_TOLERANCE_S)
        if flow is not None and flow.frame_s > 0 and (peaks := movement_peaks(flow)).size:
            scores["av_align"] = against_chance(
                lambda moved: av_align(moved, peaks, frame_s=flow.frame_s),
                onsets,
                duration_s,
                shifts=shifts,
                seed=seed,
            )
    return scores
