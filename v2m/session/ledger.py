"""What v2m made of what: the hidden record by which a session knows what is stale and what a person changed.

For each file: the hash of its content as v2m left it, and digests of everything it was made from, one for
what concerns the whole piece and one for each bar. A file whose content is another than the record's has
been edited. Before a file is put in its place its record is written as pending, so that a process that is
killed between the two is not taken for a person.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from encoders.whole import write_whole
from v2m.session.errors import SessionError

NAME = ".made.json"
FORMAT, VERSION = "v2m-session-ledger", 1
CHUNK = 1 << 20


def digest(*parts: object) -> str:
    """A hash of values by how they print; equal values, equal hash."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        made.update(part if isinstance(part, bytes) else repr(part).encode())
        made.update(b"\x00")
    return made.hexdigest()


def content_hash(path: Path) -> str:
    """A hash of a file's bytes."""
    made = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            made.update(chunk)
    return made.hexdigest()


@dataclass(frozen=True)
class Inputs:
    """Digests of what a stage reads: `whole` of what concerns all of it, `bars` one a bar (or none)."""

    whole: str
    bars: tuple[str, ...] = ()

    def changed(self, since: Inputs) -> frozenset[int] | None:
        """The bars that differ; None if all do."""
        if self.whole != since.whole or len(self.bars) != len(since.bars):
            return None
        return frozenset(b for b, (x, y) in enumerate(zip(self.bars, since.bars, strict=True)) if x != y)


@dataclass(frozen=True)
class Made:
    """One file as v2m left it.

    Attributes:
        content: the hash of its bytes.
        inputs: what it was made from.
        yours: a person had edited it when bars of it were made anew.
    """

    content: str
    inputs: Inputs
    yours: bool = False


@dataclass
class Ledger:
    """The record of one session, kept in its folder.

    Attributes:
        made: file name → how it was left.
        pending: the same for files that were about to be put in place.
        seen: file name → size, time of change in ns, and hash: files that have not been touched since are
            not read again.
        trims_db: voice → what is said of its instrument and by how much its patch is levelled; kept,
            so that one note more does not change the level of all others.
        takes: stage → how often it was written anew with another seed.
        told: stage → what it told of its sources, and its notes, for the report.
        sound: sample rate, samples, LUFS and true peak of the soundtrack.
    """

    folder: Path
    made: dict[str, Made] = field(default_factory=dict)
    pending: dict[str, Made] = field(default_factory=dict)
    seen: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    trims_db: dict[str, tuple[str, float]] = field(default_factory=dict)
    takes: dict[str, int] = field(default_factory=dict)
    told: dict[str, tuple[dict[str, str], list[str]]] = field(default_factory=dict)
    sound: tuple[int, int, float, float] = (0, 0, -math.inf, -math.inf)

    @classmethod
    def load(cls, folder: Path) -> Ledger:
        """Read the record; an empty one if there is none yet.

        Raises:
            SessionError: if it is damaged, or of a newer version.
        """
        path = folder / NAME
        if not path.exists():
            return cls(folder)
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT or not isinstance(data["version"], int):
                raise ValueError
            if data["version"] > VERSION:
                raise SessionError(f"{path}: made by a newer version of v2m")
            ledger = cls(
                folder,
                {name: _made(row) for name, row in data["made"].items()},
                {name: _made(row) for name, row in data["pending"].items()},
                {name: (int(a), int(b), str(c)) for name, (a, b, c) in data["seen"].items()},
                {name: (str(of), float(db)) for name, (of, db) in data["trims_db"].items()},
                {name: int(count) for name, count in data["takes"].items()},
                {name: (dict(sources), list(notes)) for name, (sources, notes) in data["told"].items()},
                _sound(*data["sound"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SessionError(
                f"{path}: the record of what was made is damaged; delete it, and every file counts as yours"
            ) from error
        ledger._settle()
        return ledger

    def save(self) -> None:
        """Write the record; it appears whole or not at all."""
        data = {
            "format": FORMAT,
            "version": VERSION,
            "made": {name: asdict(made) for name, made in self.made.items()},
            "pending": {name: asdict(made) for name, made in self.pending.items()},
            "seen": self.seen,
            "trims_db": self.trims_db,
            "takes": self.takes,
            "told": self.told,
            "sound": self.sound,
        }
        write_whole(self.folder / NAME, json.dumps(data).encode())

    def content(self, name: str) -> str | None:
        """The hash of a file's content now; None if it is not there."""
        path = self.folder / name
        try:
            found = path.stat()
        except OSError:
            return None
        seen = self.seen.get(name)
        if seen is not None and seen[:2] == (found.st_size, found.st_mtime_ns):
            return seen[2]
        now = content_hash(path)
        self.seen[name] = (found.st_size, found.st_mtime_ns, now)
        return now

    def edited(self, name: str) -> bool:
        """Whether a person has changed or brought a file that is there."""
        now, made = self.content(name), self.made.get(name)
        return now is not None and (made is None or made.yours or made.content != now)

    def place(self, files: Iterable[tuple[Path, str]], inputs: Inputs, yours: bool = False) -> None:
        """Put finished files in their places, `(where each lies now, its name)`, and record them."""
        self.place_each([(part, name, inputs) for part, name in files], yours)

    def place_each(self, files: Sequence[tuple[Path, str, Inputs]], yours: bool = False) -> None:
        """The same for files that were made from different things."""
        for part, name, inputs in files:
            self.pending[name] = Made(content_hash(part), inputs, yours)
        self.save()
        for part, name, _ in files:
            part.replace(self.folder / name)
            self.made[name] = self.pending.pop(name)
            found = (self.folder / name).stat()
            self.seen[name] = (found.st_size, found.st_mtime_ns, self.made[name].content)
        self.save()

    def agree(self, name: str, inputs: Inputs) -> None:
        """Record that a file, as it stands, is what would be made of these."""
        self.made[name] = replace(self.made[name], inputs=inputs)

    def forget(self, name: str) -> None:
        """Let a file go that is no longer part of the session."""
        (self.folder / name).unlink(missing_ok=True)
        self.made.pop(name, None)
        self.seen.pop(name, None)

    def _settle(self) -> None:
        """Take up the files that were put in place just before the last process ended."""
        for name, made in self.pending.items():
            if self.content(name) == made.content:
                self.made[name] = made
        self.pending.clear()


def _sound(rate: int, samples: int, lufs: float, peak_dbtp: float) -> tuple[int, int, float, float]:
    return int(rate), int(samples), float(lufs), float(peak_dbtp)


def _made(row: dict[str, Any]) -> Made:
    inputs = Inputs(str(row["inputs"]["whole"]), tuple(map(str, row["inputs"]["bars"])))
    return Made(str(row["content"]), inputs, bool(row["yours"]))
