"""The music as arrays: everything that the measures ask of it, taken once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.affect_of_sound import affect_of_sound
from v2m.alignment.attacks import attacks, flux
from v2m.alignment.beats import Rhythm
from v2m.alignment.chord_quality import chords
from v2m.alignment.curves import events_per_second, per_second
from v2m.alignment.onsets import SAMPLE_RATE, onset_envelope, pick_onsets
from v2m.alignment.sections import changes_of
from v2m.alignment.spectra import Chroma, Timbre, chroma, timbre
from v2m.alignment.tempo import Pulse, estimate_pulse
from v2m.alignment.trains import Train

if TYPE_CHECKING:
    from v2m.alignment.affect_model import Affect


@dataclass(frozen=True, eq=False)
class Heard:
    """Some music, as long as the picture that it is set against.

    Attributes:
        duration_s: of the picture.
        length_s: of the sound, which is as long, in whole samples.
        envelope: float32 `[frames]`, see `v2m.alignment.onsets.onset_envelope`.
        onsets_s: float64 `[onsets]`, as librosa detects them.
        attacks: the same onsets, each at its exact instant, with its strength.
        pulse: its beats and bars.
        timbre, chroma: see `v2m.alignment.spectra`.
    """

    duration_s: float
    length_s: float
    envelope: NDArray[np.float32]
    onsets_s: NDArray[np.float64]
    attacks: Train
    pulse: Pulse
    timbre: Timbre
    chroma: Chroma

    @property
    def rhythm(self) -> Rhythm:
        """What beats are looked for in."""
        return Rhythm(self.envelope, self.length_s)

    @cached_property
    def changes_s(self) -> NDArray[np.float64]:
        """Where the music changes, float64 `[changes]`."""
        return changes_of(self.timbre, self.chroma, self.duration_s)

    @cached_property
    def loudness_db(self) -> NDArray[np.float64]:
        """RMS level of each second, dB re full scale, float64 `[seconds]`."""
        return per_second(self.timbre.times_s, self.timbre.level_db, self.duration_s)

    @cached_property
    def density(self) -> NDArray[np.float64]:
        """Onsets in each second, float64 `[seconds]`."""
        return events_per_second(self.onsets_s, self.duration_s)

    @cached_property
    def affect(self) -> Affect:
        """How it feels in each second."""
        return affect_of_sound(self.timbre, self.chroma, self.onsets_s, self.duration_s)

    @cached_property
    def chord_qualities(self) -> tuple[str, ...]:
        """Of the chord in each second."""
        tones = self.chroma
        whole, bass = (
            np.column_stack([per_second(tones.times_s, column, self.duration_s) for column in profile.T])
            for profile in (tones.whole, tones.bass)
        )
        return chords(np.nan_to_num(whole), np.nan_to_num(bass))[1]


def hear(samples: NDArray[np.float32], duration_s: float, pulse: Pulse | None = None) -> Heard:
    """Take everything that the measures ask of some music.

    Args:
        samples: mono at 22,050 Hz, `duration_s` long.
        duration_s: of the picture.
        pulse: its beats, where they are known; estimated if None.

    Raises:
        ValueError: if the samples are not mono or not finite.
    """
    envelope = onset_envelope(samples)
    onsets = pick_onsets(envelope)
    onsets = onsets[onsets < duration_s]
    estimated = pulse is None
    pulse = pulse or estimate_pulse(envelope)
    wanted = len(onsets) or (estimated and len(pulse.beats_s))
    rise = flux(samples) if wanted else None
    return Heard(
        duration_s=duration_s,
        length_s=len(samples) / SAMPLE_RATE,
        envelope=envelope,
        onsets_s=onsets,
        attacks=Train(*attacks(samples, onsets, rise=rise)),
        pulse=_in_time(pulse, samples, rise) if estimated else pulse,
        timbre=timbre(samples),
        chroma=chroma(samples),
    )


def _in_time(pulse: Pulse, samples: NDArray[np.float32], rise: NDArray[np.float64] | None) -> Pulse:
    """Estimated beats, all moved so that in the middle they meet the attacks beside them.

    The envelope has frames of 23 ms and follows an attack by about one of them.
    """
    if not len(pulse.beats_s):
        return pulse
    late_s = float(np.median(pulse.beats_s - attacks(samples, pulse.beats_s, rise=rise)[0]))
    moved = [np.maximum(times - late_s, 0.0) for times in (pulse.beats_s, pulse.downbeats_s)]
    return Pulse(pulse.tempo_bpm, moved[0], moved[1], pulse.source)
