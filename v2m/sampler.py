"""A note on a SoundFont preset → its sound.

A note's sound up to its release is a function of zone, key and brightness only: pitch (with
vibrato), filter and volume envelope all run from the note's start. So it is made once, kept,
and each note is that wave times its own level, then its release. symusic's synthesizer, the
obvious alternative, plays every note equally loud whatever its velocity and cuts it off at its end.

The model is the SoundFont 2.04 specification's (sections 8 and 9), with its default modulators
velocity → attenuation (8.4.1) and velocity → filter cutoff (8.4.2). Modulators of the font's own are
not read. Attenuation generators count 0.4 of their value, as on the hardware fonts are tuned on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m import sf2
from v2m.sf2 import SoundFont, SoundFontError, Zone

ATTENUATION_FACTOR = 0.4
SILENCE_DB = 75.0
MIN_RELEASE_S, MAX_RELEASE_S = 0.02, 5.0
CHOKE_S = 0.03  # a hi-hat that closes stops the open one this fast
BRIGHT_STEPS = 3  # velocities share waves in this many steps of brightness
OPEN_FILTER_HZ = 12000.0
FRAME = 1024  # the filter moves in steps of half a frame
CACHE_BYTES = 64 << 20

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One zone's share of a note: level left and right, how it ends."""

    zone: Zone
    left: float
    right: float
    release_s: float
    rings: bool  # plays to its own end, whatever the note's length (percussion)
    exclusive: int


class Patch:
    """One program of a font at one sample rate, ready to play notes.

    Args:
        font: the opened SoundFont.
        program: General MIDI program.
        is_drum: the percussion bank; a kit the font lacks becomes the standard kit.
        sample_rate: of the sound it gives, Hz.

    Attributes:
        note: a sentence if the font lacked the program and another plays instead, else empty.

    Raises:
        SoundFontError: if the font has nothing to play instead.
    """

    def __init__(self, font: SoundFont, program: int, is_drum: bool, sample_rate: int) -> None:
        self.font, self.sample_rate, self.is_drum = font, sample_rate, is_drum
        self.note = ""
        bank, other = (128, 0) if is_drum else (0, program // 8 * 8)
        self.zones = font.zones(bank, program)
        for stand_in in (other, 0):
            if not self.zones:
                self.zones = font.zones(bank, stand_in)
                self.note = f"{font.path.name} lacks {'drum kit' if is_drum else 'program'} {program}; "
                self.note += f"{stand_in} plays instead"
        if not self.zones:
            kind = "drum kit" if is_drum else "instrument"
            raise SoundFontError(f"{font.path}: the SoundFont has no {kind} to play program {program}")
        self._waves: OrderedDict[tuple[int, int, int], Wave] = OrderedDict()
        self._bytes = 0
        self._layers: dict[tuple[int, int], tuple[Layer, ...]] = {}

    def layers(self, key: int, velocity: int) -> tuple[Layer, ...]:
        """What sounds for a key struck at a velocity (1-127)."""
        found = self._layers.get((key, velocity))
        if found is None:
            found = tuple(self._layer(z, velocity) for z in self.zones if z.covers(key, velocity))
            self._layers[key, velocity] = found
        return found

    def _layer(self, zone: Zone, velocity: int) -> Layer:
        g = zone.gen
        # Concave velocity curve: 40 dB a decade of velocity (8.4.1), and attenuation in centibels.
        gain = (velocity / 127.0) ** 2 * 10 ** (-ATTENUATION_FACTOR * max(g[sf2.ATTENUATION], 0.0) / 200)
        angle = (np.clip(g[sf2.PAN], -500, 500) / 1000 + 0.5) * np.pi / 2
        return Layer(
            zone,
            float(gain * np.cos(angle) * np.sqrt(2)),
            float(gain * np.sin(angle) * np.sqrt(2)),
            float(np.clip(_seconds(g[sf2.VOL_RELEASE]) * SILENCE_DB / 100, MIN_RELEASE_S, MAX_RELEASE_S)),
            self.is_drum and (int(g[sf2.SAMPLE_MODES]) & 1 == 0 or g[sf2.VOL_SUSTAIN] >= 900),
            int(g[sf2.EXCLUSIVE_CLASS]),
        )

    def length_s(self, layer: Layer, key: int, held_s: float) -> float:
        """How long a layer sounds: held, then released; or as long as it rings."""
        if layer.rings:
            return self._natural_s(layer.zone, key)
        return min(held_s + layer.release_s, self._natural_s(layer.zone, key))

    def _natural_s(self, zone: Zone, key: int) -> float:
        g = zone.gen
        lasts = np.inf
        if not _looped(zone):
            row = self.font.recording(zone)
            lasts = len(row.samples) / (row.rate * _ratio(zone, row, key))
        if g[sf2.VOL_SUSTAIN] >= 900:  # the envelope falls to nothing
            begin = sum(_seconds(g[i]) for i in (sf2.VOL_DELAY, sf2.VOL_ATTACK)) + _hold_s(g, key)
            lasts = min(lasts, begin + _decay_s(g, key) * SILENCE_DB / 100)
        return float(lasts)

    def samples(self, key: int, velocity: int, held_s: float) -> int:
        """How many samples a note of this length takes at most."""
        lengths = [self.length_s(layer, key, held_s) for layer in self.layers(key, velocity)]
        return int(max(lengths, default=0.0) * self.sample_rate) + 1

    def play(
        self,
        out: NDArray[np.float32],
        at: int,
        key: int,
        velocity: int,
        held_s: float,
        gain: float = 1.0,
        stop_s: float | None = None,
        bend_cents: NDArray[np.float32] | None = None,
    ) -> None:
        """Add one note to `out`, float32 `[2, n]`, from sample `at` on; `out` must be long enough.

        Args:
            held_s: from the note's start to its end (key up).
            stop_s: when something chokes it, from its start.
            bend_cents: float32 `[n]`, pitch bend from the note's start on, at this rate.
        """
        for layer in self.layers(key, velocity):
            total_s = self.length_s(layer, key, held_s)
            if stop_s is not None:
                total_s = min(total_s, stop_s + CHOKE_S)
            n = min(int(total_s * self.sample_rate), out.shape[1] - at)
            if n <= 0:
                continue
            bright = -1 if velocity >= 96 else min(velocity * BRIGHT_STEPS // 96, BRIGHT_STEPS - 1)
            wave = self._wave(layer.zone, key, bright, n, bend_cents)
            n = min(n, len(wave))
            begins = [] if layer.rings else [(held_s, layer.release_s)]
            if stop_s is not None:
                begins.append((stop_s, CHOKE_S))
            faded = _end(wave[:n], begins, self.sample_rate)
            out[0, at : at + n] += faded * np.float32(layer.left * gain)
            out[1, at : at + n] += faded * np.float32(layer.right * gain)

    def _wave(
        self, zone: Zone, key: int, bright: int, n: int, bend_cents: NDArray[np.float32] | None
    ) -> Wave:
        """At least `n` samples of a zone's sound before release, mono (fewer if it ends by itself)."""
        if bend_cents is not None:
            return self._make(zone, key, bright, n, bend_cents)
        name = (id(zone), key, bright)
        wave = self._waves.pop(name, None)
        if wave is None or len(wave) < n:
            ends = self._natural_s(zone, key) * self.sample_rate
            if wave is None or len(wave) + 1 <= ends:
                if wave is not None:
                    self._bytes -= wave.nbytes
                # Rounded up, so that a slightly longer note finds it long enough.
                step = self.sample_rate // 2
                wave = self._make(zone, key, bright, int(min(ends, -(-n // step) * step)), None)
                self._bytes += wave.nbytes
        self._waves[name] = wave
        while self._bytes > CACHE_BYTES and len(self._waves) > 1:
            self._bytes -= self._waves.popitem(last=False)[1].nbytes
        return wave

    def _make(
        self, zone: Zone, key: int, bright: int, n: int, bend_cents: NDArray[np.float32] | None
    ) -> Wave:
        g, rate = zone.gen, self.sample_rate
        row = self.font.recording(zone)
        ratio = _ratio(zone, row, key) * row.rate / rate
        cents = _pitch_motion(g, n, rate)
        if bend_cents is not None:
            bend = np.pad(bend_cents[:n], (0, max(0, n - len(bend_cents))), mode="edge")
            cents = bend if cents is None else cents + bend
        if cents is None:
            position = np.arange(n) * ratio
        else:
            position = np.cumsum(np.exp2(cents / 1200.0) * ratio) - ratio
        wave = _interpolate(_unroll(row, _looped(zone), int(position[-1]) + 4 if n else 0), position)
        cutoff = _cutoff_cents(g, bright, len(wave), rate)
        if cutoff is not None:
            wave = _lowpass(wave, cutoff, g[sf2.FILTER_Q] / 10, rate)
        wave *= _volume(g, key, len(wave), rate)
        if not _looped(zone) and len(position) and position[-1] + 2 * ratio >= len(row.samples):
            # Some recordings end in mid-air.
            fade = min(len(wave), rate // 200)
            wave[len(wave) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        return wave


def _seconds(timecents: float) -> float:
    return float(2.0 ** (timecents / 1200.0)) if timecents > -11999 else 0.001


def _hold_s(g: NDArray[np.float64], key: int) -> float:
    return _seconds(g[sf2.VOL_HOLD] + (60 - key) * g[sf2.KEY_TO_HOLD])


def _decay_s(g: NDArray[np.float64], key: int) -> float:
    return _seconds(g[sf2.VOL_DECAY] + (60 - key) * g[sf2.KEY_TO_DECAY])


def _looped(zone: Zone) -> bool:
    return int(zone.gen[sf2.SAMPLE_MODES]) & 1 == 1


def _ratio(zone: Zone, row: sf2.Recording, key: int) -> float:
    """How much faster than recorded a key plays."""
    g = zone.gen
    cents = (key - row.root_key) * g[sf2.SCALE_TUNING] + 100 * g[sf2.COARSE_TUNE] + g[sf2.FINE_TUNE]
    return float(2.0 ** ((cents + row.correction_cents) / 1200.0))


def _unroll(row: sf2.Recording, looped: bool, needed: int) -> NDArray[np.float32]:
    """The recording with its loop repeated until it is `needed` samples long."""
    loop = row.loop_end - row.loop_start
    if not looped or loop < 2 or needed <= row.loop_end:
        return row.samples[:needed]
    turns = -(-(needed - row.loop_end) // loop)
    body = row.samples[row.loop_start : row.loop_end]
    return np.concatenate([row.samples[: row.loop_end], np.tile(body, turns)])


def _interpolate(source: NDArray[np.float32], position: NDArray[np.float64]) -> Wave:
    """Third-order (Catmull-Rom) interpolation; stops where the source does."""
    padded = np.concatenate([source[:1] * 0, source, np.zeros(3, np.float32)])
    n = int(np.searchsorted(position, len(source)))
    whole = position[:n].astype(np.int32)
    f = (position[:n] - whole).astype(np.float32)
    a, b, c, d = (padded.take(whole + k) for k in range(4))
    half = np.float32(0.5)
    c2 = half * (c - a)
    c1 = a - np.float32(2.5) * b + np.float32(2) * c - half * d
    c0 = half * (d - a) + np.float32(1.5) * (b - c)
    wave: Wave = ((c0 * f + c1) * f + c2) * f + b
    return wave


def _modulation(g: NDArray[np.float64], times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The modulation envelope, 0 to 1, up to release."""
    attack, hold, decay = (_seconds(g[i]) for i in (sf2.MOD_ATTACK, sf2.MOD_HOLD, sf2.MOD_DECAY))
    sustain = 1 - np.clip(g[sf2.MOD_SUSTAIN], 0, 1000) / 1000
    fall = 1 - np.maximum(times_s - attack - hold, 0) / decay
    return np.minimum(times_s / attack, np.maximum(fall, sustain))


def _pitch_motion(g: NDArray[np.float64], n: int, rate: int) -> NDArray[np.float64] | None:
    """Cents `[n]` by the two LFOs and the modulation envelope; None where pitch stands still."""
    if not (g[sf2.VIB_LFO_PITCH] or g[sf2.MOD_LFO_PITCH] or g[sf2.MOD_ENV_PITCH]):
        return None
    times = np.arange(n) / rate
    cents = g[sf2.MOD_ENV_PITCH] * _modulation(g, times)
    for depth, delay, frequency in (
        (sf2.VIB_LFO_PITCH, sf2.VIB_LFO_DELAY, sf2.VIB_LFO_FREQ),
        (sf2.MOD_LFO_PITCH, sf2.MOD_LFO_DELAY, sf2.MOD_LFO_FREQ),
    ):
        if g[depth]:
            hz = 8.176 * 2.0 ** (g[frequency] / 1200)
            cents = cents + g[depth] * np.sin(2 * np.pi * hz * np.maximum(times - _seconds(g[delay]), 0))
    return cents


def _volume(g: NDArray[np.float64], key: int, n: int, rate: int) -> NDArray[np.float32]:
    """Volume envelope up to release: delay, linear attack, hold, decay linear in decibels; tremolo."""
    times = np.arange(n, dtype=np.float32) / np.float32(rate)
    delay, attack = _seconds(g[sf2.VOL_DELAY]), _seconds(g[sf2.VOL_ATTACK])
    delay = 0.0 if delay <= 0.002 else delay
    hold, decay = _hold_s(g, key), _decay_s(g, key)
    sustain_db = np.clip(g[sf2.VOL_SUSTAIN], 0, 1440) / 10
    level = np.ones(n, np.float32)
    if sustain_db > 0:
        fall_db = np.maximum(times - np.float32(delay + attack + hold), 0) * np.float32(100 / decay)
        level = np.power(np.float32(10), np.minimum(fall_db, np.float32(sustain_db)) / np.float32(-20))
    rise = min(n, int((delay + attack) * rate) + 1)
    level[:rise] *= np.clip((times[:rise] - np.float32(delay)) / np.float32(attack), 0, 1)
    if g[sf2.MOD_LFO_VOLUME]:
        hz = 8.176 * 2.0 ** (g[sf2.MOD_LFO_FREQ] / 1200)
        phase = np.sin(2 * np.pi * hz * np.maximum(times - _seconds(g[sf2.MOD_LFO_DELAY]), 0))
        level *= np.power(10.0, g[sf2.MOD_LFO_VOLUME] * phase / 200).astype(np.float32)
    return level


def _cutoff_cents(g: NDArray[np.float64], bright: int, n: int, rate: int) -> NDArray[np.float64] | None:
    """Filter cutoff in absolute cents, one a half frame; None where the filter stays open."""
    softer = 0.0 if bright < 0 else 2400 * (1 - (bright + 0.5) * 96 / (127 * BRIGHT_STEPS)) * 0.5
    times = np.arange(n // (FRAME // 2) + 2) * (FRAME / 2 / rate)
    cents = g[sf2.FILTER_FC] - softer + g[sf2.MOD_ENV_FC] * _modulation(g, times)
    if 8.176 * 2 ** (cents.min() / 1200) >= OPEN_FILTER_HZ:
        return None
    return cents


def _lowpass(wave: Wave, cutoff_cents: NDArray[np.float64], q_db: float, rate: int) -> Wave:
    """Two-pole resonant low-pass whose cutoff moves: one response a frame, overlap-added."""
    from scipy import fft

    hop = FRAME // 2
    frames = len(cutoff_cents)
    padded = np.zeros((frames + 1) * hop, np.float32)
    padded[hop : hop + len(wave)] = wave[: frames * hop]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::hop] * window
    spectrum = fft.rfft(cut, 2 * FRAME, axis=1)
    hz = np.fft.rfftfreq(2 * FRAME, 1 / rate).astype(np.float32)
    fc = np.minimum(8.176 * 2 ** (cutoff_cents[: len(cut)] / 1200), 0.45 * rate).astype(np.float32)
    q = np.float32(10 ** ((q_db - 3.01) / 20))
    s = hz[None, :] / fc[:, None]
    spectrum /= (1 - s * s) + 1j * (s / q)
    pieces = fft.irfft(spectrum, 2 * FRAME, axis=1).reshape(len(cut), 4, hop)
    out = np.zeros((len(cut) + 3, hop), np.float32)
    for part in range(4):
        out[part : part + len(cut)] += pieces[:, part]
    filtered: Wave = out.reshape(-1)[hop : hop + len(wave)]
    return np.ascontiguousarray(filtered)


def _end(wave: Wave, begins: Sequence[tuple[float, float]], rate: int) -> Wave:
    """The wave with each release (from a time on, over a time) applied: linear in decibels, to zero."""
    for begin_s, lasts_s in begins:
        first = int(begin_s * rate)
        if first >= len(wave):
            continue
        n = len(wave) - first
        ramp = np.arange(n, dtype=np.float32) * np.float32(1 / (lasts_s * rate))
        fall = np.power(np.float32(10), ramp * np.float32(-SILENCE_DB / 20)) * np.clip(1 - ramp, 0, 1)
        wave = np.concatenate([wave[:first], wave[first:] * fall])
    return wave
