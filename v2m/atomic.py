"""Outputs that appear whole, together, or not at all.

Every output is first written under a hidden name in the folder it is meant for, so that a full
disk or a read-only folder is met before anything is in its place, and the last step is a rename.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from encoders.errors import V2MError

PREFIX = ".v2m-"
# What the operating system says when the fault is the place written to, not the program.
PLACE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


class OutputError(V2MError):
    """A place cannot be written to: it exists, its folder is missing, full or not writable."""


class Outputs:
    """The outputs of one run. `claim` early; they are put in place when the `with` block ends well."""

    def __init__(self, force: bool = False, inputs: Iterable[Path] = ()) -> None:
        self._force = force
        self._inputs = tuple(inputs)
        self._parts: dict[Path, Path] = {}
        self._scratch: dict[Path, Path] = {}

    def claim(self, path: Path) -> Path:
        """The hidden path to write instead of `path`; it has the same suffix.

        Raises:
            OutputError: if `path` is an input, exists and may not be overwritten, is claimed already,
                or nothing can be written in its folder.
        """
        path = Path(path).absolute()
        self._spare_inputs(path)
        if path.is_dir():
            raise OutputError(f"{path}: is a folder, not a file name")
        if path.exists() and not self._force:
            raise OutputError(f"{path}: exists already (--force overwrites it)")
        part = self._reserve(path)
        try:
            part.touch(exist_ok=False)
        except OSError as error:
            raise _of_place(path.parent, error) from error
        return part

    def claim_folder(self, path: Path) -> Path:
        """A hidden folder to fill instead of `path`; its files are moved there in the end.

        Raises:
            OutputError: as `claim`, or if the folder holds files and may not be written into.
        """
        path = Path(path).absolute()
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path}: is a file, not a folder")
        if path.exists() and any(path.iterdir()) and not self._force:
            raise OutputError(f"{path}: is not empty (--force writes into it)")
        part = self._reserve(path)
        _make_folder(part)
        return part

    def scratch(self, beside: Path) -> Path:
        """A hidden folder for working files in the folder of `beside`; removed at the end.

        Raises:
            OutputError: if nothing can be written there.
        """
        folder = _hidden(Path(beside).absolute().with_suffix(""))
        _check_parent(folder)
        self._scratch[folder] = Path(beside).absolute()
        _make_folder(folder)
        return folder

    def _spare_inputs(self, path: Path) -> None:
        if path.exists() and any(kept.exists() and path.samefile(kept) for kept in self._inputs):
            raise OutputError(f"{path}: is an input itself; name another output")

    def _reserve(self, path: Path) -> Path:
        _check_parent(path)
        if path in self._parts:
            raise OutputError(f"{path}: is asked for twice")
        self._parts[path] = _hidden(path)
        return self._parts[path]

    def publish(self) -> None:
        """Put every output in its place; if one cannot be, everything is as it was before.

        Raises:
            OutputError: if an output has appeared meanwhile or would take the place of an input, or a
                place can no longer be written.
        """
        before: dict[Path, Path | None] = {}
        folders: list[Path] = []
        place = Path()
        try:
            for part, place in self._moves(folders):
                self._spare_inputs(place)
                if place.is_dir():
                    raise OutputError(f"{place}: has become a folder meanwhile")
                if place.exists() and not self._force:
                    raise OutputError(f"{place}: has appeared meanwhile (--force overwrites it)")
                before[place] = _kept_aside(place) if place.exists() else None
                part.replace(place)
        except BaseException as error:
            for path, old in before.items():
                if old is not None:
                    old.replace(path)
                else:
                    path.unlink(missing_ok=True)
            for folder in folders:
                folder.rmdir()
            if isinstance(error, OSError):
                raise _of_place(place, error) from error
            raise
        for old in before.values():
            if old is not None:
                old.unlink()

    def _moves(self, folders: list[Path]) -> Iterator[tuple[Path, Path]]:
        """(hidden file, where it goes); folders that are made on the way are added to `folders`."""
        for path, part in self._parts.items():
            if part.is_dir():
                if not path.exists():
                    path.mkdir()
                    folders.append(path)
                for file in sorted(part.iterdir()):
                    yield file, path / file.name
            else:
                yield part, path

    def real_names(self, message: str) -> str:
        """The message with the names that a person knows instead of the hidden ones."""
        for path, part in self._parts.items():
            message = message.replace(str(part), str(path))
        for folder, path in self._scratch.items():
            # Of a working file, the person knows only what it is for.
            message = str(path).join(re.split(re.escape(str(folder)) + r"[^\s:]*", message))
        return message

    def clean(self) -> None:
        """Remove whatever has not been put in its place."""
        for part in (*self._parts.values(), *self._scratch):
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)


@contextmanager
def outputs(force: bool = False, inputs: Iterable[Path] = ()) -> Iterator[Outputs]:
    """Outputs that are all put in place if the block ends well, and all removed if it does not.

    Args:
        force: whether files that exist are overwritten.
        inputs: files that no output may replace, `force` or not: what the run reads.

    An error of the operating system that is about the place (disk full, read-only) leaves as an
    `OutputError` of one line.
    """
    made = Outputs(force, inputs)
    try:
        yield made
        made.publish()
    except V2MError as error:
        error.args = tuple(made.real_names(str(said)) for said in error.args)
        raise
    except OSError as error:
        if error.errno in PLACE_ERRORS:
            where = Path(error.filename).parent if isinstance(error.filename, str) else None
            raise _of_place(where, error) from error
        raise
    finally:
        made.clean()


def _hidden(path: Path) -> Path:
    # Not made of the output's own name: that may already be as long as a name can be.
    return path.with_name(f"{PREFIX}{secrets.token_hex(6)}{path.suffix}")


def _kept_aside(path: Path) -> Path:
    """A second, hidden name for a file that is about to be overwritten."""
    aside = _hidden(path)
    try:
        os.link(path, aside, follow_symlinks=False)
    except OSError:
        # A file system without hard links.
        path.replace(aside)
    return aside


def _check_parent(path: Path) -> None:
    if not path.parent.exists():
        raise OutputError(f"{path.parent}: this folder does not exist")
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: is not a folder")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir()
    except OSError as error:
        raise _of_place(path.parent, error) from error


def _of_place(where: Path | None, error: OSError) -> OutputError:
    cause = (error.strerror or str(error)).lower()
    return OutputError(f"{where}: cannot be written ({cause})" if where else f"cannot write: {cause}")
