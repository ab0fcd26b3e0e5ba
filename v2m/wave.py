"""A zone of a SoundFont and a key → its sound from the start of a note up to its release.

Pitch (with vibrato), filter and volume envelope all run from the note's start, so this sound
is the same for every note on the key: it is made once, and each note is a stretch of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled
from v2m import sf2
from v2m.sf2 import SoundFont, Zone

SILENCE_DB = 75.0
BRIGHT_STEPS = 3  # velocities share waves in this many steps of brightness
OPEN_FILTER_HZ = 12000.0
FRAME = 1024  # the filter's cutoff is known at every half frame ...
SMOOTH = 16  # ... and moves between them in steps of so many samples

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
        position = np.arange(n, dtype=np.float64) * ratio
    else:
        steps = np.exp2(cents.astype(np.float64) / 1200.0) * ratio
        position = (np.cumsum(steps) - steps).astype(np.float64)
    around = (row.loop_start, row.loop_end) if looped(zone) and row.loop_end - row.loop_start > 1 else (0, 0)
    wave = _interpolate(row.samples, position, *around)
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


@compiled
def _interpolate(samples: Wave, position: NDArray[np.float64], loop_start: int, loop_end: int) -> Wave:
    """Third-order (Catmull-Rom) interpolation; stops where the recording does.

    Args:
        position: `[n]`, rising from 0, in samples of the recording.
        loop_start, loop_end: played round and round; both 0 for no loop.
    """
    turn = loop_end - loop_start
    wave = np.empty(len(position), np.float32)
    half, one_and_half = np.float32(0.5), np.float32(1.5)
    for i in range(len(position)):
        whole = int(position[i])
        f = np.float32(position[i] - whole)
        if turn > 0:
            last = loop_end
        else:
            last = len(samples)
            if whole >= last:
                return wave[:i]
        b_at = whole if turn <= 0 or whole < last else loop_start + (whole - loop_end) % turn
        # In front of the first sample, and behind the last one, is silence; behind a loop, the loop.
        a_at = b_at - 1 if whole < loop_end or turn <= 0 or b_at > loop_start else loop_end - 1
        a = samples[a_at] if whole > 0 else np.float32(0)
        b = samples[b_at]
        c_at, d_at = b_at + 1, b_at + 2
        if turn > 0:
            c_at = c_at if c_at < loop_end else c_at - turn
            d_at = d_at if d_at < loop_end else d_at - turn
        c = samples[c_at] if c_at < len(samples) else np.float32(0)
        d = samples[d_at] if d_at < len(samples) else np.float32(0)
        c2 = half * (c - a)
        c1 = a - np.float32(2.5) * b + np.float32(2) * c - half * d
        c0 = half * (d - a) + one_and_half * (b - c)
        wave[i] = ((c0 * f + c1) * f + c2) * f + b
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
    delay, attack = seconds(g[sf2.VOL_DELAY]), seconds(g[sf2.VOL_ATTACK])
    delay = 0.0 if delay <= 0.002 else delay
    sustain = 10 ** (-float(np.clip(g[sf2.VOL_SUSTAIN], 0, 1440)) / 200)
    level = np.empty(n, np.float32)
    falls = 10 ** (-100 / (20 * _decay_s(g, key) * rate))
    _rise_and_fall(delay * rate, attack * rate, _hold_s(g, key) * rate, falls, sustain, level)
    if g[sf2.MOD_LFO_VOLUME]:
        hz = 8.176 * 2.0 ** (g[sf2.MOD_LFO_FREQ] / 1200)
        times = np.arange(n, dtype=np.float32) / np.float32(rate)
        phase = np.sin(2 * np.pi * hz * np.maximum(times - seconds(g[sf2.MOD_LFO_DELAY]), 0))
        level *= np.power(10.0, g[sf2.MOD_LFO_VOLUME] * phase / 200).astype(np.float32)
    return level


@compiled
def _rise_and_fall(
    delay: float, attack: float, hold: float, falls: float, sustain: float, level: Wave
) -> None:
    """Times in samples; `falls` is the factor from sample to sample while it decays."""
    fallen = falls ** (1 - (delay + attack + hold) % 1) if sustain < 1 else 1.0
    for i in range(len(level)):
        if i <= delay + attack:
            level[i] = min(max((i - delay) / attack, 0.0), 1.0)
        elif i <= delay + attack + hold or sustain >= 1:
            level[i] = 1.0
        else:
            level[i] = max(fallen, sustain)
            fallen *= falls


def _cutoff_cents(g: Curve, bright: int, n: int, rate: int) -> Curve | None:
    """Filter cutoff in absolute cents, one a half frame; None where the filter stays open."""
    softer = 0.0 if bright < 0 else 2400 * (1 - (bright + 0.5) * 96 / (127 * BRIGHT_STEPS)) * 0.5
    times = np.arange(n // (FRAME // 2) + 2) * (FRAME / 2 / rate)
    cents: Curve = g[sf2.FILTER_FC] - softer + g[sf2.MOD_ENV_FC] * _modulation(g, times)
    if 8.176 * 2 ** (cents.min() / 1200) >= OPEN_FILTER_HZ:
        return None
    return cents


def _lowpass(wave: Wave, cutoff_cents: Curve, q_db: float, rate: int) -> Wave:
    """Two-pole resonant low-pass whose cutoff moves."""
    hz = np.minimum(8.176 * 2 ** (cutoff_cents / 1200), 0.45 * rate)
    filtered = np.empty_like(wave)
    _filter(wave, np.tan(np.pi * hz / rate), float(10 ** ((3.01 - q_db) / 20)), filtered)
    return filtered


@compiled
def _filter(wave: Wave, warped: NDArray[np.float64], damping: float, out: Wave) -> None:
    """A state-variable filter by the trapezoidal rule, sound and stable while its cutoff moves.

    Zavalishin (2012), "The Art of VA Filter Design", chapter 4. `warped` is tan(π fc / rate) at every
    half frame; between them it is a straight line.
    """
    hop = FRAME // 2
    first, second = 0.0, 0.0
    g, rise = 0.0, 0.0
    a1, a2, a3 = 0.0, 0.0, 0.0
    for i in range(len(wave)):
        if i % hop == 0:
            g = warped[i // hop]
            rise = (warped[i // hop + 1] - g) / hop
        if i % SMOOTH == 0:
            now = g + rise * (i % hop)
            a1 = 1 / (1 + now * (now + damping))
            a2 = now * a1
            a3 = now * a2
        rest = wave[i] - second
        band = a1 * first + a2 * rest
        low = second + a2 * first + a3 * rest
        first = 2 * band - first
        second = 2 * low - second
        out[i] = low
