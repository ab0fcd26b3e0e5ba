"""A zone of a SoundFont and a key → its sound from the start of a note up to its release.

Pitch (with vibrato), filter and volume envelope all run from the note's start, so this sound
is the same for every note on the key: it is made once, and each note is a stretch of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from v2m import sf2
from v2m.sf2 import SoundFont, Zone

SILENCE_DB = 75.0
BRIGHT_STEPS = 3  # velocities share waves in this many steps of brightness
OPEN_FILTER_HZ = 12000.0
FRAME = 1024  # the filter moves in steps of half a frame

Wave = NDArray[np.float32]
Curve = NDArray[np.floating]


def sound(
    font: SoundFont, zone: Zone, key: int, bright: int, n: int, rate: int, bend_cents: Wave | None = None
) -> Wave:
    """`n` samples at `rate` Hz, mono, at full velocity; fewer where the recording ends before.

    Args:
        bright: −1 at full velocity, else a step from 0 (darkest) to `BRIGHT_STEPS - 1`.
        bend_cents: float32 `[m]`, pitch bend from the note's start on; its last value goes on.

    A longer sound begins with the very samples of a shorter one.
    """
    g = zone.gen
    row = font.recording(zone)
    ratio = _ratio(zone, row, key) * row.rate / rate
    cents = _pitch_motion(g, n, rate)
    if bend_cents is not None:
        bend = np.pad(bend_cents[:n], (0, max(0, n - len(bend_cents))), mode="edge")
        cents = cents + bend if cents is not None else bend
    if cents is None:
        position = np.arange(n) * ratio
    else:
        steps = np.exp2(cents.astype(np.float64) / 1200.0) * ratio
        position = np.cumsum(steps) - steps
    wave = _interpolate(_unroll(row, looped(zone), int(position[-1]) + 4 if n else 0), position)
    cutoff = _cutoff_cents(g, bright, len(wave), rate)
    if cutoff is not None:
        wave = _lowpass(wave, cutoff, g[sf2.FILTER_Q] / 10, rate)
    wave *= _volume(g, key, len(wave), rate)
    if not looped(zone) and len(position) and position[-1] + 2 * ratio >= len(row.samples):
        # Some recordings end in mid-air.
        fade = min(len(wave), rate // 200)
        wave[len(wave) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return wave


def natural_s(font: SoundFont, zone: Zone, key: int) -> float:
    """How long a held key sounds: to the recording's end, or until its envelope is down; inf if neither."""
    g = zone.gen
    lasts = np.inf
    if not looped(zone):
        row = font.recording(zone)
        lasts = len(row.samples) / (row.rate * _ratio(zone, row, key))
    if g[sf2.VOL_SUSTAIN] >= 900:
        begin = seconds(g[sf2.VOL_DELAY]) + seconds(g[sf2.VOL_ATTACK]) + _hold_s(g, key)
        lasts = min(lasts, begin + _decay_s(g, key) * SILENCE_DB / 100)
    return float(lasts)


def seconds(timecents: float) -> float:
    """Timecents to seconds; the specification's "instantaneous" is 1 ms."""
    return float(2.0 ** (timecents / 1200.0)) if timecents > -11999 else 0.001


def _hold_s(g: Curve, key: int) -> float:
    return seconds(g[sf2.VOL_HOLD] + (60 - key) * g[sf2.KEY_TO_HOLD])


def _decay_s(g: Curve, key: int) -> float:
    return seconds(g[sf2.VOL_DECAY] + (60 - key) * g[sf2.KEY_TO_DECAY])


def looped(zone: Zone) -> bool:
    """True where the recording goes round a loop while the key is held."""
    return int(zone.gen[sf2.SAMPLE_MODES]) & 1 == 1


def _ratio(zone: Zone, row: sf2.Recording, key: int) -> float:
    """How much faster than recorded a key plays."""
    g = zone.gen
    cents = (key - row.root_key) * g[sf2.SCALE_TUNING] + 100 * g[sf2.COARSE_TUNE] + g[sf2.FINE_TUNE]
    return float(2.0 ** ((cents + row.correction_cents) / 1200.0))


def _unroll(row: sf2.Recording, looped: bool, needed: int) -> Wave:
    """The recording with its loop repeated until it is `needed` samples long."""
    loop = row.loop_end - row.loop_start
    if not looped or loop < 2 or needed <= row.loop_end:
        return row.samples[:needed]
    turns = -(-(needed - row.loop_end) // loop)
    body = row.samples[row.loop_start : row.loop_end]
    return np.concatenate([row.samples[: row.loop_end], np.tile(body, turns)])


def _interpolate(source: Wave, position: Curve) -> Wave:
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


def _modulation(g: Curve, times_s: Curve) -> Curve:
    """The modulation envelope, 0 to 1, up to release."""
    attack, hold, decay = (seconds(g[i]) for i in (sf2.MOD_ATTACK, sf2.MOD_HOLD, sf2.MOD_DECAY))
    sustain = 1 - np.clip(g[sf2.MOD_SUSTAIN], 0, 1000) / 1000
    fall = 1 - np.maximum(times_s - attack - hold, 0) / decay
    level: Curve = np.minimum(times_s / attack, np.maximum(fall, sustain))
    return level


def _pitch_motion(g: Curve, n: int, rate: int) -> Curve | None:
    """Cents `[n]` by the two LFOs and the modulation envelope; None where pitch stands still."""
    if not (g[sf2.VIB_LFO_PITCH] or g[sf2.MOD_LFO_PITCH] or g[sf2.MOD_ENV_PITCH]):
        return None
    times = np.arange(n) / rate
    cents: Curve = g[sf2.MOD_ENV_PITCH] * _modulation(g, times)
    for depth, delay, frequency in (
        (sf2.VIB_LFO_PITCH, sf2.VIB_LFO_DELAY, sf2.VIB_LFO_FREQ),
        (sf2.MOD_LFO_PITCH, sf2.MOD_LFO_DELAY, sf2.MOD_LFO_FREQ),
    ):
        if g[depth]:
            hz = 8.176 * 2.0 ** (g[frequency] / 1200)
            cents = cents + g[depth] * np.sin(2 * np.pi * hz * np.maximum(times - seconds(g[delay]), 0))
    return cents


def _volume(g: Curve, key: int, n: int, rate: int) -> Wave:
    """Volume envelope up to release: delay, linear attack, hold, decay linear in decibels; tremolo."""
    times = np.arange(n, dtype=np.float32) / np.float32(rate)
    delay, attack = seconds(g[sf2.VOL_DELAY]), seconds(g[sf2.VOL_ATTACK])
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
        phase = np.sin(2 * np.pi * hz * np.maximum(times - seconds(g[sf2.MOD_LFO_DELAY]), 0))
        level *= np.power(10.0, g[sf2.MOD_LFO_VOLUME] * phase / 200).astype(np.float32)
    return level


def _cutoff_cents(g: Curve, bright: int, n: int, rate: int) -> Curve | None:
    """Filter cutoff in absolute cents, one a half frame; None where the filter stays open."""
    softer = 0.0 if bright < 0 else 2400 * (1 - (bright + 0.5) * 96 / (127 * BRIGHT_STEPS)) * 0.5
    times = np.arange(n // (FRAME // 2) + 2) * (FRAME / 2 / rate)
    cents: Curve = g[sf2.FILTER_FC] - softer + g[sf2.MOD_ENV_FC] * _modulation(g, times)
    if 8.176 * 2 ** (cents.min() / 1200) >= OPEN_FILTER_HZ:
        return None
    return cents


def _lowpass(wave: Wave, cutoff_cents: Curve, q_db: float, rate: int) -> Wave:
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
