"""A track that has been begun → what is heard in it, and in the straw men beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from v2m.alignment.audio import Track, fitted
from v2m.alignment.chance import STRAW_MEN, straw_man
from v2m.alignment.heard import Heard, hear
from v2m.alignment.measure import Measure
from v2m.alignment.tempo import Pulse
from v2m.scoring.measures import alone

ANY_BPM = 120.0
"""The metronome's tempo where nothing tells the clip's."""


@dataclass(frozen=True, eq=False)
class Listened:
    """The music, and the straw men beside it.

    Attributes:
        track: as it was read.
        heard: what the measures ask of it.
        men: the same of each straw man.
        alone: the measures that need no picture but its length; none without a picture.
    """

    track: Track
    heard: Heard
    men: dict[str, Heard]
    alone: tuple[Measure, ...]


def listen(
    read_on: Callable[[], Track],
    duration_s: float,
    *,
    pulse: Pulse | None = None,
    frame_s: float | None = None,
    seed: int = 0,
) -> Listened:
    """Read the track and hear it.

    Args:
        read_on: gives the track, its samples as long as the picture.
        duration_s: of the picture.
        pulse: the music's beats, where they are known.
        frame_s: of one frame of the picture; None without one.
        seed: of the noise.

    Raises:
        ClipError: if the track cannot be read to its end.
    """

    def man(name: str, bpm: float = ANY_BPM, pulse: Pulse | None = None) -> Heard:
        return hear(fitted(straw_man(name, duration_s, bpm, seed=seed), duration_s), duration_s, pulse)

    # In noise there is most to hear, and it needs no tempo: it is done with before the music is read.
    men = {"silence": man("silence"), "noise": man("noise")}
    track = read_on()
    heard = hear(track.samples, duration_s, pulse)
    bpm = heard.pulse.tempo_bpm if np.isfinite(heard.pulse.tempo_bpm) else ANY_BPM
    ticks = np.arange(0.0, duration_s, 60.0 / bpm)
    men["metronome"] = man("metronome", bpm, Pulse.of(ticks, ticks[::4], "metronome"))
    of_sound = () if frame_s is None else alone(track, heard, frame_s)
    return Listened(track, heard, {name: men[name] for name in STRAW_MEN}, of_sound)
