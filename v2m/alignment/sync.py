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
* `cut_hits`: share of shot cuts with an onset within 80 ms; `cut_hits_apart` asks only for those
  at least a second from both neighbours. `beat_hits` and `downbeat_hits` are the same with the
  music's beats, or its downbeats, in place of its onsets.
* `kinematic_beat_hits`: share of the body's rests with a musical beat within 60 ms.
* `hit_points`: share of a plan's hits that sound within 80 ms of the event they are for.
* `av_align`: intersection over union of audio and movement peaks (Yariv, Gat, Benaim, Wolf,
  Schwartz & Adi, "Diverse and aligned audio-to-video generation via text-to-video model
  adaptation", AAAI 2024).
* `section_match`: F-measure of the music's change points (`v2m.alignment.sections`) against the
  picture's boundaries, at 0.5 s and 3 s, as in the evaluation of musical structure (Turnbull,
  Lanckriet, Pampalk & Goto, ISMIR 2007; Levy & Sandler 2008).

How the fit changes along the clip, and how late the music is, is `v2m.alignment.local`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.chance import Score
from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, measure_events, undefined

if TYPE_CHECKING:
    from v2m.alignment.flow import Flow

CUT_TOLERANCE_S = 0.08
BEAT_TOLERANCE_S = 0.06
SECTION_WINDOWS_S = (0.5, 3.0)
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
    """AV-Align: matched ÷ (audio + video − matched); 0 if either is empty. See `av_align_matches`.

    Raises:
        ValueError: if `frame_s` is not positive, or the peaks are not events.
    """
    audio, video = validate(audio_peaks_s, video_peaks_s)
    matched = int(av_align_matches(audio, video, frame_s=frame_s).sum())
    union = len(audio) + len(video) - matched
    return matched / union if union else 0.0


def av_align_matches(
    audio_peaks_s: NDArray[np.float64], video_peaks_s: NDArray[np.float64], *, frame_s: float
) -> NDArray[np.bool_]:
    """Which video peaks are matched, bool `[video]`.

    Audio peaks are gone through in order; each takes the first video peak that is not taken and
    lies less than one frame away (`frame_s`, an open interval).

    Raises:
        ValueError: if `frame_s` is not positive.
    """
    if not frame_s > 0:
        raise ValueError("frame_s must be positive")
    taken = np.zeros(len(video_peaks_s), dtype=bool)
    for peak in audio_peaks_s:
        # Peaks are sorted, so the candidates lie side by side.
        first, end = np.searchsorted(video_peaks_s, [peak - frame_s, peak + frame_s], side="left")
        for k in range(int(first), int(end)):
            if not taken[k] and abs(video_peaks_s[k] - peak) < frame_s:
                taken[k] = True
                break
    return taken


def section_match(
    changes_s: ArrayLike,
    boundaries_s: ArrayLike,
    *,
    window_s: float = SECTION_WINDOWS_S[0],
    beta: float = 1.0,
) -> float:
    """F-measure of the music's change points against the picture's section boundaries.

    As `mir_eval.segment.detection` with `trim=True`: each change point may meet one boundary and
    each boundary one change point, at most `window_s` apart, as many as possible. The clip's start
    and end are no boundaries: every music meets them.

    Raises:
        ValueError: if `window_s` is negative or `beta` is not positive, or the times are not events.
    """
    if not window_s >= 0 or not beta > 0:
        raise ValueError("window_s must not be negative, and beta must be positive")
    changes, boundaries = validate(changes_s, boundaries_s)
    if not changes.size or not boundaries.size:
        return 0.0
    matched = count_matches(changes, boundaries, window_s=window_s)
    if not matched:
        return 0.0
    precision, recall = matched / len(changes), matched / len(boundaries)
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def count_matches(events_s: NDArray[np.float64], targets_s: NDArray[np.float64], *, window_s: float) -> int:
    """The most pairs that can be made of events and targets at most `window_s` apart, each used once.

    On a line with one window, pairing the earliest that fit is a maximum matching.
    """
    matched = i = j = 0
    while i < len(events_s) and j < len(targets_s):
        if abs(events_s[i] - targets_s[j]) <= window_s + 1e-9:
            matched, i, j = matched + 1, i + 1, j + 1
        elif events_s[i] < targets_s[j]:
            i += 1
        else:
            j += 1
    return matched


def evaluate(
    onsets_s: ArrayLike,
    duration_s: float,
    *,
    cuts_s: ArrayLike | None = None,
    hits_s: ArrayLike | None = None,
    flow: Flow | None = None,
    beats_s: ArrayLike | None = None,
    downbeats_s: ArrayLike | None = None,
    kinematic_beats_s: ArrayLike | None = None,
    changes_s: ArrayLike | None = None,
    boundaries_s: ArrayLike | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Every metric whose inputs are given, each with what chance gives.

    What is None was not looked for, and metrics that need it are left out. What is empty was
    looked for and is not there: a metric without targets (no cuts in the clip) is undefined, so
    that a mean over clips is not drawn towards 0 by clips that have nothing to meet.

    Args:
        onsets_s: of the music.
        duration_s: length of the music, on which it is turned.
        cuts_s: all shot cuts.
        hits_s: event times of the planned hits.
        flow: movement of the picture, for AV-Align.
        beats_s, downbeats_s: of the music.
        kinematic_beats_s: of the dancer.
        changes_s: where the music changes.
        boundaries_s: where a section of the picture begins, without the clip's own start and end.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: if the times are not events or the length is not positive.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="an array of events is empty")
        tasks = _Tasks(duration_s, shifts, seed)
        (onsets,) = validate(onsets_s)
        if flow is not None:
            tasks.add_av_align(onsets, flow)
        if cuts_s is not None:
            (cuts,) = validate(cuts_s)
            none = "the picture has no cut"
            tasks.add_share("cut_hits", onsets, cuts, CUT_TOLERANCE_S, none)
            none = "the picture has no cut that is a second from its neighbours"
            tasks.add_share("cut_hits_apart", onsets, well_apart(cuts), CUT_TOLERANCE_S, none)
            for name, beats in (("beat_hits", beats_s), ("downbeat_hits", downbeats_s)):
                if beats is not None:
                    tasks.add_share(name, beats, cuts, CUT_TOLERANCE_S, "the picture has no cut")
        if hits_s is not None:
            tasks.add_share("hit_points", onsets, hits_s, CUT_TOLERANCE_S, "the plan has no hit")
        if kinematic_beats_s is not None and beats_s is not None:
            none = "no kinematic beat was seen"
            tasks.add_share("kinematic_beat_hits", beats_s, kinematic_beats_s, BEAT_TOLERANCE_S, none)
        if changes_s is not None and boundaries_s is not None:
            for window_s in SECTION_WINDOWS_S:
                tasks.add_sections(changes_s, boundaries_s, window_s)
        return tuple(tasks.measures)


class _Tasks:
    """Collects the measures of one `evaluate`."""

    def __init__(self, duration_s: float, shifts: int, seed: int) -> None:
        if not (np.isfinite(duration_s) and duration_s > 0):
            raise ValueError("the music's length must be positive")
        self.duration_s, self.shifts, self.seed = duration_s, shifts, seed
        self.measures: list[Measure] = []

    def add_share(
        self, name: str, events_s: ArrayLike, targets_s: ArrayLike, tolerance_s: float, none: str
    ) -> None:
        events, targets = validate(events_s, targets_s)
        self._add(
            name,
            lambda turned: share_met(turned, targets, tolerance_s=tolerance_s),
            events,
            len(targets),
            none,
            {"tolerance_s": tolerance_s},
        )

    def add_av_align(self, onsets: NDArray[np.float64], flow: Flow) -> None:
        peaks = movement_peaks(flow) if flow.frame_s > 0 else np.zeros(0)
        self._add(
            "av_align",
            lambda turned: av_align(turned, peaks, frame_s=flow.frame_s),
            onsets,
            len(peaks),
            f"no movement of the picture peaks at {FLOW_THRESHOLD} px a frame or more",
            {"frame_s": flow.frame_s, "audio_peaks": float(len(onsets))},
        )

    def add_sections(self, changes_s: ArrayLike, boundaries_s: ArrayLike, window_s: float) -> None:
        changes, boundaries = validate(changes_s, boundaries_s)
        self._add(
            f"section_match_{window_s:g}s",
            lambda turned: section_match(turned, boundaries, window_s=window_s),
            changes,
            len(boundaries),
            "the picture has no section boundary",
            {"window_s": window_s, "changes": float(len(changes))},
        )

    def _add(
        self,
        name: str,
        score: Score,
        events: NDArray[np.float64],
        count: int,
        none: str,
        details: dict[str, float],
    ) -> None:
        if count == 0:
            self.measures.append(undefined("sync", name, none, count=0, details=details))
            return
        self.measures.append(
            measure_events(
                "sync",
                name,
                score,
                events,
                self.duration_s,
                shifts=self.shifts,
                seed=self.seed,
                count=count,
                details=details,
            )
        )
