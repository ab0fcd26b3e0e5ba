"""SoundFont file → zones: which recording sounds for a key, and how it is shaped.

Reads SoundFont 2 (E-mu / Creative, *SoundFont Technical Specification* 2.04, 2006) and the
Ogg-compressed variant SF3. Sample data stay on disk (memory map) until a zone is played.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError


class SoundFontError(V2MError):
    """A SoundFont is missing, or is not a SoundFont."""


# Generators (section 8.1.2 of the specification) that the sampler uses.
START, END, LOOP_START, LOOP_END = 0, 1, 2, 3
START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE = 4, 12, 45, 50
MOD_LFO_PITCH, VIB_LFO_PITCH, MOD_ENV_PITCH = 5, 6, 7
FILTER_FC, FILTER_Q, MOD_ENV_FC, MOD_LFO_VOLUME, PAN = 8, 9, 11, 13, 17
MOD_LFO_DELAY, MOD_LFO_FREQ, VIB_LFO_DELAY, VIB_LFO_FREQ = 21, 22, 23, 24
MOD_ATTACK, MOD_HOLD, MOD_DECAY, MOD_SUSTAIN = 26, 27, 28, 29
VOL_DELAY, VOL_ATTACK, VOL_HOLD, VOL_DECAY, VOL_SUSTAIN, VOL_RELEASE = 33, 34, 35, 36, 37, 38
KEY_TO_HOLD, KEY_TO_DECAY = 39, 40
INSTRUMENT, KEY_RANGE, VEL_RANGE, ATTENUATION = 41, 43, 44, 48
COARSE_TUNE, FINE_TUNE, SAMPLE_ID, SAMPLE_MODES, SCALE_TUNING = 51, 52, 53, 54, 56
EXCLUSIVE_CLASS, ROOT_KEY = 57, 58
GENERATORS = 61

DEFAULTS = np.zeros(GENERATORS)
DEFAULTS[[FILTER_FC, SCALE_TUNING, ROOT_KEY]] = 13500, 100, -1
DEFAULTS[[21, 23, 25, 26, 27, 28, 30, 33, 34, 35, 36, 38]] = -12000

# A preset zone adds to its instruments' generators, but not to these (section 8.5).
NOT_ADDED = (0, 1, 2, 3, 4, 12, 41, 43, 44, 45, 46, 47, 50, 53, 54, 57, 58)

BAG = np.dtype([("gen", "<u2"), ("mod", "<u2")])
GEN = np.dtype([("oper", "<u2"), ("amount", "<i2")])
PHDR = np.dtype(
    [("name", "S20"), ("preset", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("lib", "<u4", 2), ("m", "<u4")]
)
INST = np.dtype([("name", "S20"), ("bag", "<u2")])
SHDR = np.dtype(
    [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate", "<u4"),
        ("key", "u1"),
        ("correction", "i1"),
        ("link", "<u2"),
        ("type", "<u2"),
    ]
)
COMPRESSED = 0x10  # SF3: the sample is an Ogg Vorbis file of its own


@dataclass(frozen=True, eq=False)
class Zone:
    """One recording on a range of keys and velocities.

    Attributes:
        keys, velocities: inclusive ranges.
        sample: index of the recording.
        gen: float64 `[61]`, every generator's value in the specification's units.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    sample: int
    gen: NDArray[np.float64]

    def covers(self, key: int, velocity: int) -> bool:
        return self.keys[0] <= key <= self.keys[1] and self.velocities[0] <= velocity <= self.velocities[1]


@dataclass(frozen=True, eq=False)
class _Bag:
    """One zone of a preset or an instrument as the file has it: `[61]` values, and which it sets."""

    values: NDArray[np.float64]
    is_set: NDArray[np.bool_]
    keys: tuple[int, int]
    velocities: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Recording:
    """float32 `[n]` mono sound at `rate` Hz; the loop is `[loop_start, loop_end)` in samples."""

    samples: NDArray[np.float32]
    rate: int
    loop_start: int
    loop_end: int
    root_key: int
    correction_cents: int


class SoundFont:
    """An opened SoundFont.

    Raises:
        SoundFontError: if the file is missing or is not a SoundFont.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            with open(self.path, "rb") as file:
                chunks = _chunks(file)
                tables = {}
                for name, dtype in (
                    ("phdr", PHDR),
                    ("pbag", BAG),
                    ("pgen", GEN),
                    ("inst", INST),
                    ("ibag", BAG),
                    ("igen", GEN),
                    ("shdr", SHDR),
                ):
                    offset, size = chunks[name]
                    file.seek(offset)
                    tables[name] = np.frombuffer(file.read(size), dtype=dtype)
            self._smpl_offset, self._smpl_size = chunks["smpl"]
        except OSError as error:
            raise SoundFontError(f"{path}: the SoundFont cannot be read ({error.strerror})") from error
        except (KeyError, ValueError, struct.error) as error:
            raise SoundFontError(f"{path}: not a SoundFont (.sf2 or .sf3), or a damaged one") from error
        self._tables = tables
        self.presets = {
            (int(row["bank"]), int(row["preset"])): i for i, row in enumerate(tables["phdr"][:-1])
        }

    @cached_property
    def _smpl(self) -> NDArray[np.int16]:
        return np.memmap(
            self.path, dtype="<i2", mode="r", offset=self._smpl_offset, shape=(self._smpl_size // 2,)
        )

    @lru_cache(maxsize=64)  # noqa: B019  (one font lives as long as the process)
    def zones(self, bank: int, program: int) -> tuple[Zone, ...]:
        """Every zone of a preset; empty if the font hasn't it."""
        index = self.presets.get((bank, program))
        if index is None:
            return ()
        zones: list[Zone] = []
        for preset in self._bags("phdr", "pbag", "pgen", index, INSTRUMENT):
            offsets = np.where(preset.is_set, preset.values, 0.0)
            offsets[list(NOT_ADDED)] = 0.0
            for inner in self._bags("inst", "ibag", "igen", int(preset.values[INSTRUMENT]), SAMPLE_ID):
                gen = np.where(inner.is_set, inner.values, DEFAULTS) + offsets
                keys = _overlap(preset.keys, inner.keys)
                velocities = _overlap(preset.velocities, inner.velocities)
                if keys and velocities:
                    zones.append(Zone(keys, velocities, int(inner.values[SAMPLE_ID]), gen))
        return tuple(zones)

    def _bags(self, heads: str, bags: str, gens: str, index: int, terminal: int) -> list[_Bag]:
        """The zones of one preset or instrument, its global zone folded in (section 7.3, 7.7)."""
        head, bag, gen = self._tables[heads], self._tables[bags], self._tables[gens]
        found: list[_Bag] = []
        base = np.zeros(GENERATORS)
        base_set = np.zeros(GENERATORS, dtype=bool)
        base_ranges = {KEY_RANGE: (0, 127), VEL_RANGE: (0, 127)}
        first, last = int(head[index]["bag"]), int(head[index + 1]["bag"])
        for b in range(first, last):
            values, is_set, ranges = base.copy(), base_set.copy(), dict(base_ranges)
            for row in gen[int(bag[b]["gen"]) : int(bag[b + 1]["gen"])]:
                oper, amount = int(row["oper"]), int(row["amount"])
                if oper in ranges:
                    ranges[oper] = (amount & 0xFF, (amount >> 8) & 0xFF)
                elif oper < GENERATORS:
                    values[oper] = amount & 0xFFFF if oper in (INSTRUMENT, SAMPLE_ID) else amount
                    is_set[oper] = True
            if is_set[terminal]:
                found.append(_Bag(values, is_set, ranges[KEY_RANGE], ranges[VEL_RANGE]))
            elif b == first:
                base, base_set, base_ranges = values, is_set, ranges
        return found

    def recording(self, zone: Zone) -> Recording:
        """The zone's sound, its address offsets applied."""
        row, g = self._tables["shdr"][zone.sample], zone.gen
        start, end = int(row["start"]), int(row["end"])
        if int(row["type"]) & COMPRESSED:
            samples = self._decode(start, end)
            loop_start, loop_end = int(row["loop_start"]), int(row["loop_end"])
        else:
            first = start + int(g[START] + 32768 * g[START_COARSE])
            last = end + int(g[END] + 32768 * g[END_COARSE])
            samples = self._smpl[first : max(first, last)].astype(np.float32) / np.float32(32768)
            loop_start, loop_end = int(row["loop_start"]) - first, int(row["loop_end"]) - first
        loop_start += int(g[LOOP_START] + 32768 * g[LOOP_START_COARSE])
        loop_end += int(g[LOOP_END] + 32768 * g[LOOP_END_COARSE])
        root = int(g[ROOT_KEY]) if g[ROOT_KEY] >= 0 else int(row["key"])
        return Recording(
            samples,
            int(row["rate"]) or 44100,
            max(0, loop_start),
            min(loop_end, len(samples)),
            root if root <= 127 else 60,
            int(row["correction"]),
        )

    def _decode(self, start: int, end: int) -> NDArray[np.float32]:
        import soundfile

        with open(self.path, "rb") as file:
            file.seek(self._smpl_offset + start)
            data = file.read(end - start)
        try:
            samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
        except soundfile.LibsndfileError as error:
            raise SoundFontError(f"{self.path}: a compressed sample cannot be decoded") from error
        return np.ascontiguousarray(samples if samples.ndim == 1 else samples[:, 0], dtype=np.float32)


def _chunks(file: io.BufferedReader) -> dict[str, tuple[int, int]]:
    """Name → (offset, size) of every leaf chunk of a RIFF `sfbk` file."""
    riff, _, form = struct.unpack("<4sI4s", file.read(12))
    if riff != b"RIFF" or form != b"sfbk":
        raise ValueError("not a RIFF sfbk file")
    found: dict[str, tuple[int, int]] = {}
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"LIST":
            file.seek(4, io.SEEK_CUR)
            continue
        found[name.decode("latin-1")] = (file.tell(), size)
        file.seek(size + size % 2, io.SEEK_CUR)
    return found


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int] | None:
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else None
