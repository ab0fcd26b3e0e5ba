"""Stems → one soundtrack: level per role, pan, room, the clip's own sound, loudness, fade.

Two passes over the time, with the music on disk in between, so that memory is bounded
whatever the length. The first puts each voice in its place and sums them (the music bus),
metering as it goes; from the meter the gain and the limiter's curve follow (`limiter`); the
second applies them and writes the file.
"""

from __future__ import annotations

import contextlib
import errno
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from generators.desk import Desk
from generators.music import Voice
from v2m import duck, fades, limiter
from v2m.console import Console
from v2m.loudness import Meter
from v2m.render import StemBlock
from v2m.sound_file import SoundWriter, read_blocks

BLOCK_S = 20.0
QUIETEST_LUFS = -60.0  # music below this is taken for silence: raising it would raise noise


class MixError(V2MError):
    """The soundtrack cannot be made: a setting out of range, or its file cannot be written."""


@dataclass(frozen=True)
class MixSettings:
    """What the person may set.

    Attributes:
        lufs: integrated loudness of the soundtrack, −30 to −8.
        true_peak_dbtp: ceiling, by 4× oversampling.
        keep_audio: keep the clip's own sound and duck the music under it.
        fade_s: length of the fade at the end.
        duck_db: how far the music goes down under speech and loud moments.

    Raises:
        MixError: for a value out of range.
    """

    lufs: float = -14.0
    true_peak_dbtp: float = -1.0
    keep_audio: bool = False
    fade_s: float = 1.0
    duck_db: float = 10.0

    def __post_init__(self) -> None:
        if not -30 <= self.lufs <= -8:
            raise MixError(f"loudness {self.lufs:g} LUFS is out of range: give −30 to −8")
        if not -12 <= self.true_peak_dbtp <= 0:
            raise MixError(f"true peak {self.true_peak_dbtp:g} dBTP is out of range: give −12 to 0")


@dataclass(frozen=True)
class Soundtrack:
    """A mixed soundtrack on disk.

    Attributes:
        path: 24-bit stereo WAV.
        samples: its exact length.
        lufs, true_peak_dbtp: as measured on what was written; −inf for silence.
        limited_db: the most the limiter took away, in decibels.
        stems: voice name → file, if stems were asked for.
        notes: sentences for the run report.
    """

    path: Path
    sample_rate: int
    samples: int
    lufs: float
    true_peak_dbtp: float
    limited_db: float
    stems: dict[str, Path]
    notes: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        return self.samples / self.sample_rate


def mix(
    blocks: Iterable[StemBlock],
    voices: Sequence[Voice],
    settings: MixSettings,
    duration_s: float,
    out_wav: Path,
    *,
    desk: Desk | None = None,
    sample_rate: int = 48000,
    work_dir: Path | None = None,
    own_sound: Path | None = None,
    silences_s: Sequence[tuple[float, float]] = (),
    stems_dir: Path | None = None,
    placed: bool = False,
) -> Soundtrack:
    """Mix stems into a soundtrack exactly as long as the picture.

    Args:
        blocks: `render`'s stems, in order, starting at 0.
        voices: who plays them.
        duration_s: length of the picture.
        out_wav: where the 24-bit stereo WAV goes; nothing is left there on failure.
        desk: what the voices share; the plain one if not given.
        work_dir: for files in between (1.4 GB an hour); a temporary folder if not given.
        own_sound: the clip's own sound, at `sample_rate`, aligned to the first frame
            (`own_sound.extract_sound`); kept if `settings.keep_audio`.
        silences_s: (start, end) of stretches in which the music dies away to nothing (`fades.hushes`).
        stems_dir: each voice is also written there as NAME.wav, in sync, with its level, pan and
            room, before the bus, ducking and mastering: together they are what goes into the bus.
        placed: the stems have gone through their channels (`console.Channels`).

    Raises:
        MixError: if a file cannot be written (disk full).
    """
    total = max(1, round(duration_s * sample_rate))
    try:
        with contextlib.ExitStack() as stack:
            if work_dir is None:
                work_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="v2m-mix-")))
            console = Console(voices, desk or Desk(), sample_rate, stems_dir is not None, placed)
            job = _Job(settings, total, sample_rate, work_dir, own_sound, stems_dir, tuple(silences_s))
            return _mix(blocks, console, job, Path(out_wav))
    except OSError as error:
        Path(out_wav).unlink(missing_ok=True)
        why = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        raise MixError(f"{out_wav}: the soundtrack cannot be written ({why})") from error
    except BaseException:
        Path(out_wav).unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class _Job:
    """What is to be mixed: `mix`'s arguments, `total` samples at `rate`."""

    settings: MixSettings
    total: int
    rate: int
    work_dir: Path
    own_sound: Path | None
    stems_dir: Path | None
    silences_s: tuple[tuple[float, float], ...]


def _mix(blocks: Iterable[StemBlock], console: Console, job: _Job, out_wav: Path) -> Soundtrack:
    settings, total, rate = job.settings, job.total, job.rate
    notes: list[str] = []
    bus = job.work_dir / "music-bus.f32"
    try:
        stems = _sum_to_bus(blocks, console, job, bus)
        music_meter = stems.meter
        balance = None
        if settings.keep_audio and job.own_sound is not None:
            balance = duck.balance(job.own_sound, music_meter.lufs, rate, total, settings.duck_db)
            notes.extend(balance.notes)
        meter = music_meter
        if balance is not None and balance.audible:
            meter = Meter(rate)
            for block in _summed(bus, balance, total, rate):
                meter.add(block)
            meter.close()
        notes.extend(_quiet_notes(meter.lufs, settings.lufs))
        mastering = limiter.master(
            meter.peaks,
            meter.energies,
            rate,
            settings.lufs,
            settings.true_peak_dbtp,
            _most_gain_db(meter.lufs),
        )
        if math.isfinite(mastering.lufs) and not mastering.reached:
            notes.append(
                f"the soundtrack comes to {mastering.lufs:.1f} LUFS, not the {settings.lufs:g} asked for"
            )
        written = Meter(rate)
        with SoundWriter(out_wav, rate, total) as file:
            first = 0
            for block in _summed(bus, balance, total, rate):
                mastered = limiter.apply(block, first, mastering, rate)
                written.add(mastered)
                file.write(mastered)
                first += block.shape[1]
        written.close()
    finally:
        bus.unlink(missing_ok=True)
    return Soundtrack(
        out_wav,
        rate,
        total,
        written.lufs,
        written.true_peak_dbtp,
        mastering.deepest_db,
        stems.files,
        tuple(notes),
    )


@dataclass(frozen=True, eq=False)
class _Bus:
    meter: Meter
    files: dict[str, Path]


def _sum_to_bus(blocks: Iterable[StemBlock], console: Console, job: _Job, bus: Path) -> _Bus:
    """First pass: every voice in its place, summed to a raw float file and metered."""
    total, rate = job.total, job.rate
    meter = Meter(rate)
    files: dict[str, Path] = {}
    done = 0
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(open(bus, "wb"))
        writers = {}
        if job.stems_dir is not None:
            for voice in console.voices:
                files[voice.name] = Path(job.stems_dir) / f"{stem_name(voice.name)}.wav"
                writers[voice.name] = stack.enter_context(SoundWriter(files[voice.name], rate, total))
        for block in _to_the_end(blocks, total, rate):
            if block.start != done:
                raise ValueError(f"a stem block starts at sample {block.start}, expected {done}")
            n = min(block.samples, total - done)
            fade = fades.ending(done, n, total, job.settings.fade_s, rate)
            fade *= fades.hushes(done, n, job.silences_s, rate)
            music = console.mix(block, n)
            music.bus[...] *= fade
            raw.write(np.ascontiguousarray(music.bus.T).tobytes())
            meter.add(music.bus)
            for name, stem in music.stems.items():
                writers[name].write(stem * fade)
            done += n
    meter.close()
    return _Bus(meter, files)


def _to_the_end(blocks: Iterable[StemBlock], total: int, rate: int) -> Iterator[StemBlock]:
    """The blocks up to `total` samples; music shorter than the picture is followed by silence."""
    done = 0
    for block in blocks:
        if done >= total:
            return
        yield block
        done = block.start + block.samples
    while done < total:
        n = min(total - done, round(BLOCK_S * rate))
        yield StemBlock(done, {"": np.zeros((2, n), np.float32)})
        done += n


def _summed(bus: Path, balance: duck.Balance | None, total: int, rate: int) -> Iterator[NDArray[np.float32]]:
    """The music bus, with the clip's own sound where it is kept, in blocks of float32 `[2, n]`."""
    step = round(BLOCK_S * rate)
    own = None
    if balance is not None and balance.audible:
        own = read_blocks(balance.own_sound, step, total)
    # Read, not mapped: mapped pages would count as this program's memory.
    with open(bus, "rb") as file:
        for first in range(0, total, step):
            n = min(step, total - first)
            block = np.ascontiguousarray(np.fromfile(file, np.float32, 2 * n).reshape(n, 2).T)
            if own is not None and balance is not None:
                block *= balance.music_curve(first, n)
                block += next(own) * np.float32(balance.own_gain) * fades.edges(first, n, total, rate)
            yield block


def stem_name(voice: str) -> str:
    """A voice's name without what a file's name may not hold."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", voice).strip(" .") or "voice"


def _most_gain_db(lufs: float) -> float:
    return 0.0 if lufs < QUIETEST_LUFS else limiter.MAX_GAIN_DB


def _quiet_notes(lufs: float, target: float) -> list[str]:
    if not math.isfinite(lufs):
        return ["the soundtrack is silent: there was nothing to play"]
    if lufs < QUIETEST_LUFS:
        return [f"the soundtrack is next to silent ({lufs:.0f} LUFS) and is not raised to {target:g}"]
    return []
