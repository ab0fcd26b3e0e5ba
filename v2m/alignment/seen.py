"""The picture as arrays: everything that the measures ask of it, seen in one decoding pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, one_person_runs
from encoders.clip import Clip
from encoders.encode import MAX_RATE_HZ, Reader, look
from encoders.frames import FrameBatch, analysed_frames
from encoders.onsets import find_onsets
from encoders.sense import Sense
from encoders.small import read_small
from encoders.stream import Stream, Streams
from v2m.alignment.flow import LINES, Flow, FlowSense
from v2m.alignment.motion_beats import MotionBeats
from v2m.alignment.trains import Train

if TYPE_CHECKING:
    from encoders.semantics import ClipModel

# A beat of the body that is as near as this to a cut or a movement is the same accent.
_SAME_S = 0.05


@dataclass(frozen=True, eq=False)
class Seen:
    """A clip's picture.

    Attributes:
        clip: what the file holds.
        streams: what the senses said: cuts, colour, motion, flow, pose, limbs, kinematic_beats, affect,
            and emotion where there is a model for it.
        flow: how much it moves, frame by frame, as AV-Align has it.
        accents: instants that music might meet, with how strongly they show: cuts and fades, peaks of
            movement, a dancer's rests.
        boundaries_s: float64 `[boundaries]`, the cuts at which the picture turns to something else.
    """

    clip: Clip
    streams: Streams
    flow: Flow
    accents: Train
    boundaries_s: NDArray[np.float64]

    @property
    def duration_s(self) -> float:
        return self.streams.duration_s

    @property
    def cuts_s(self) -> NDArray[np.float64]:
        """Cuts and fades, float64 `[cuts]`."""
        return inside(self.streams["cuts"].times_s, self.duration_s)

    @property
    def kinematic_beats_s(self) -> NDArray[np.float64] | None:
        """A dancer's rests, float64 `[beats]`; None where nobody is seen."""
        if not self.streams["pose"].says_something:
            return None
        return inside(self.streams["kinematic_beats"].times_s, self.duration_s)

    @property
    def bodies(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Stretches in which one body moves as bodies can: joints `[T, 13, 2]` in picture heights, and `[T]`.

        A cut ends a stretch, as does another person: between two of them nobody has moved. The joints
        are those of `encoders.body.JOINTS`; the other landmarks would count the head four times over.
        """
        pose = self.streams["pose"]
        if not pose.says_something:
            return []
        landmarks = pose.values.reshape(len(pose), -1, 4)
        aspect = self.clip.width / self.clip.height
        runs = one_person_runs(pose.times_s, landmarks, pose.mask, self.streams["cuts"].times_s, aspect)
        joints = landmarks[:, JOINTS, :2].astype(np.float64) * [aspect, 1.0]
        return [(joints[run], pose.times_s[run]) for run in runs]

    @cached_property
    def motion_beats(self) -> MotionBeats | None:
        """Where the body comes to rest by the published definitions; None where nobody is seen."""
        bodies = self.bodies
        return MotionBeats.of(bodies) if bodies else None


def see(
    clip: Clip,
    *,
    clip_model: ClipModel | None = None,
    pose_model: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Seen:
    """Look at a clip once.

    Args:
        clip: what `encoders.clip.probe` gave.
        clip_model: an image-text model; without one no emotion is read.
        pose_model: a mediapipe `.task` file; without one, the model that mediapipe carries.
        progress: called with the share that is done, 0 to 1.

    Raises:
        ClipError: if no frame decodes.
    """
    from generators.form import find_boundaries

    flow = FlowSense()
    factories = _factories(clip, flow, clip_model, pose_model)
    streams = look(clip, factories, progress, reader=Reader(partial(read_small, lines=LINES), np.inf))
    assert flow.flow is not None
    turns = find_boundaries(streams)
    return Seen(
        clip,
        streams,
        flow.flow,
        find_accents(streams, flow.flow),
        # Even divisions stand in where nothing is cut; they are no boundaries of the picture.
        inside(turns[np.isin(turns, streams["cuts"].times_s)], streams.duration_s),
    )


def find_accents(streams: Streams, flow: Flow) -> Train:
    """Cuts and fades, peaks of movement and a dancer's rests, with strengths 0 to 1.

    Args:
        streams: with `cuts`, and `kinematic_beats` if there are any.
        flow: of the same frames.
    """
    cuts_s = streams["cuts"].times_s
    barrier = np.zeros(len(flow.times_s), dtype=np.bool_)
    barrier[[int(np.argmin(np.abs(flow.times_s - cut_s))) for cut_s in cuts_s]] = True
    no_flux, no_repeats = np.zeros(len(flow.times_s)), np.zeros(len(flow.times_s), dtype=np.bool_)
    moves_s, strengths, _ = find_onsets(flow.times_s, flow.magnitude, no_flux, barrier, no_repeats)
    return accents_of(streams, moves_s, strengths)


def accents_of(streams: Streams, moves_s: NDArray[np.float64], strengths: NDArray[np.float64]) -> Train:
    """Cuts and fades, peaks of movement that are found already, and a dancer's rests.

    Args:
        streams: with `cuts`, and `kinematic_beats` if there are any.
        moves_s, strengths: of the movement, float64 `[moves]`.
    """
    cuts = streams["cuts"]
    times, weights = [cuts.times_s, moves_s], [cuts.column("strength").astype(np.float64), strengths]
    if "kinematic_beats" in streams:
        rests = streams["kinematic_beats"]
        taken = np.concatenate(times)
        alone = np.array(
            [not (np.abs(taken - rest_s) <= _SAME_S).any() for rest_s in rests.times_s], dtype=bool
        )
        times.append(rests.times_s[alone])
        weights.append(rests.column("strength")[alone].astype(np.float64))
    joined, strength = np.concatenate(times), np.concatenate(weights)
    order = np.argsort(joined, kind="stable")
    return Train(joined[order], strength[order])


def inside(times_s: NDArray[np.float64], duration_s: float) -> NDArray[np.float64]:
    """The events that music as long as the picture can meet: after its first instant, before its last."""
    return times_s[(times_s > 0.0) & (times_s < duration_s)]


def _factories(
    clip: Clip, flow: FlowSense, clip_model: ClipModel | None, pose_model: Path | None
) -> list[Callable[[], Sense]]:
    """What makes each sense, in the order in which they finish."""
    from encoders.affect import AffectSense
    from encoders.colour import ColourSense
    from encoders.cuts import CutsSense
    from encoders.pose import PoseSense
    from encoders.semantics import SemanticsSense

    thinned = len(analysed_frames(clip.frame_times_s, MAX_RATE_HZ)) < len(clip.frame_times_s)

    def thin(make: Callable[[], Sense]) -> Callable[[], Sense]:
        return (lambda: _Thinned(make())) if thinned else make

    factories = [thin(CutsSense), thin(ColourSense), lambda: flow, thin(lambda: PoseSense(pose_model))]
    if clip_model is not None:
        factories.append(thin(lambda: SemanticsSense(clip_model)))
    return [*factories, thin(AffectSense)]


class _Thinned:
    """A sense that is shown at most `MAX_RATE_HZ` frames a second, as it is elsewhere."""

    def __init__(self, sense: Sense) -> None:
        self._sense = sense
        self.name, self.notes = sense.name, sense.notes
        self._last_s = -np.inf

    def see(self, batch: FrameBatch) -> None:
        chosen = []
        for index, time_s in enumerate(batch.times_s.tolist()):
            if time_s - self._last_s >= 0.9 / MAX_RATE_HZ:
                chosen.append(index)
                self._last_s = time_s
        if chosen:
            self._sense.see(FrameBatch(batch.times_s[chosen], batch.rgb[chosen]))

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        return self._sense.finish(streams)
