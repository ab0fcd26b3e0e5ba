"""Conditioning streams: what a sense has to say about the picture, on the clip's own seconds.

A `Stream` is times + values + mask. There are two kinds, of one shape:

* a curve: `times_s` are sample instants (motion energy at each frame, affect twice a second);
* events: `times_s` are the instants of the events themselves (cuts, kinematic beats), `T` may be 0.

A sense that has nothing to say gives a stream whose mask is false (a curve) or that is
empty (events), never `None`: downstream code has no special case. The named (values, mask)
pair follows the conditioners of Moshi (Défossez et al. 2024).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import StreamError

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class Stream:
    """One sense's account of the picture.

    Attributes:
        name: the stream's name, unique within a `Streams`.
        times_s: float64 `[T]`, seconds from the clip's first frame, non-decreasing.
        values: float32 `[T, D]`.
        mask: bool `[T]`, false where the sense has nothing to say; values there are 0.
        columns: D names, one a column of `values`.
        units: what the values are measured in, in words.
        source: the method or model that made them, with its version.

    Raises:
        StreamError: if shapes disagree, times decrease, or an unmasked value is not finite.
    """

    name: str
    times_s: NDArray[np.float64]
    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    columns: tuple[str, ...]
    units: str
    source: str

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "times_s", np.ascontiguousarray(self.times_s, dtype=np.float64))
        set_(self, "values", np.ascontiguousarray(self.values, dtype=np.float32))
        set_(self, "mask", np.ascontiguousarray(self.mask, dtype=np.bool_))
        set_(self, "columns", tuple(self.columns))
        t = len(self.times_s)
        if self.times_s.ndim != 1 or self.mask.shape != (t,):
            raise StreamError(f"stream {self.name}: times_s and mask must both be [T]")
        if self.values.shape != (t, len(self.columns)):
            raise StreamError(
                f"stream {self.name}: values are {self.values.shape}, expected ({t}, {len(self.columns)})"
            )
        if not np.isfinite(self.times_s).all() or (np.diff(self.times_s) < 0).any():
            raise StreamError(f"stream {self.name}: times_s must be finite and non-decreasing")
        if not np.isfinite(self.values[self.mask]).all():
            raise StreamError(f"stream {self.name}: an unmasked value is not finite")

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def says_something(self) -> bool:
        """True where at least one instant is unmasked."""
        return bool(self.mask.any())

    def column(self, name: str) -> NDArray[np.float32]:
        """The values of one column, `[T]`.

        Raises:
            StreamError: if the stream has no such column.
        """
        try:
            return self.values[:, self.columns.index(name)]
        except ValueError:
            known = ", ".join(self.columns)
            raise StreamError(f"stream {self.name} has no column {name!r}; it has {known}") from None

    def sample(self, times_s: NDArray[np.float64], column: str, default: float = 0.0) -> NDArray[np.float64]:
        """A curve's column, linearly interpolated at `times_s` over the unmasked instants.

        Returns float64 `[len(times_s)]`; `default` everywhere if the stream says nothing.
        """
        if not self.says_something:
            return np.full(len(times_s), default, dtype=np.float64)
        return np.interp(times_s, self.times_s[self.mask], self.column(column)[self.mask].astype(np.float64))

    @classmethod
    def silent(
        cls,
        name: str,
        columns: Iterable[str],
        units: str,
        source: str,
        times_s: NDArray[np.float64] | None = None,
    ) -> Stream:
        """A stream that says nothing: all masked at `times_s`, or empty."""
        columns = tuple(columns)
        times = np.zeros(0) if times_s is None else times_s
        values = np.zeros((len(times), len(columns)), dtype=np.float32)
        return cls(name, times, values, np.zeros(len(times), dtype=np.bool_), columns, units, source)


@dataclass(frozen=True, eq=False)
class Streams(Mapping[str, Stream]):
    """Every stream of one clip, by name, with what one must know to place them.

    Attributes:
        streams: name → `Stream`.
        duration_s: length of the picture.
        clip_hash: content hash of the clip they were made from.
        notes: plain sentences for the run report (what was missing, what to install).
    """

    streams: Mapping[str, Stream]
    duration_s: float
    clip_hash: str
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, stream in self.streams.items():
            if name != stream.name:
                raise StreamError(f"stream {stream.name} is filed under {name}")
        object.__setattr__(self, "streams", dict(self.streams))
        object.__setattr__(self, "notes", tuple(self.notes))

    def __getitem__(self, name: str) -> Stream:
        return self.streams[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.streams)

    def __len__(self) -> int:
        return len(self.streams)

    def save(self, path: Path) -> tuple[Path, Path]:
        """Write `path` (.npz, the arrays) and its JSON header beside it; returns both paths.

        Both files appear whole or not at all.
        """
        path = Path(path)
        header: dict[str, Any] = {
            "format": "v2m-streams",
            "version": FORMAT_VERSION,
            "duration_s": self.duration_s,
            "clip_hash": self.clip_hash,
            "notes": list(self.notes),
            "streams": {
                s.name: {"columns": list(s.columns), "units": s.units, "source": s.source, "length": len(s)}
                for s in self.values()
            },
        }
        arrays: dict[str, NDArray[Any]] = {}
        for s in self.values():
            arrays |= {f"{s.name}.times_s": s.times_s, f"{s.name}.values": s.values, f"{s.name}.mask": s.mask}
        json_path = path.with_suffix(".json")
        npz_part, json_part = (
            path.with_name(path.name + ".part"),
            json_path.with_name(json_path.name + ".part"),
        )
        try:
            with open(npz_part, "wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            json_part.write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")
            npz_part.replace(path)
            json_part.replace(json_path)
        finally:
            npz_part.unlink(missing_ok=True)
            json_part.unlink(missing_ok=True)
        return path, json_path

    @classmethod
    def load(cls, path: Path) -> Streams:
        """Read what `save` wrote.

        Raises:
            StreamError: if either file is missing, of another format or a newer version.
        """
        path = Path(path)
        try:
            header = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            if header["format"] != "v2m-streams" or header["version"] > FORMAT_VERSION:
                raise StreamError(f"{path}: not a stream file that this version reads")
            with np.load(path, allow_pickle=False) as arrays:
                streams = {
                    name: Stream(
                        name,
                        arrays[f"{name}.times_s"],
                        arrays[f"{name}.values"],
                        arrays[f"{name}.mask"],
                        tuple(entry["columns"]),
                        entry["units"],
                        entry["source"],
                    )
                    for name, entry in header["streams"].items()
                }
            return cls(streams, float(header["duration_s"]), header["clip_hash"], tuple(header["notes"]))
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, StreamError):
                raise
            raise StreamError(f"{path}: cannot be read as streams ({error})") from error
