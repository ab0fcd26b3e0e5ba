"""Who a visitor is, and the folder in which everything of theirs lies.

A visitor is known by a cookie that this process has signed. Their folder is named by a hash of it, so
that neither a listing of the disk nor an address tells how to become them; every path that comes from
outside is looked up inside the folder of whoever asks.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from v2m.page.limits import MEGABYTE, LimitError, Limits

_PREFIX = "v2m-page-"
_LOCK = ".lock"
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}\.[0-9a-f]{32}")
_TOKEN = re.compile(r"[0-9a-f]{24}")
# A file that we write for a visitor; none begins with a dot, as what is not yet whole does.
_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_.-]{0,63}")
_SWEEP_S = 30.0


class NotYoursError(LimitError):
    """Something is asked for that is not there, or belongs to somebody else: one answer for both."""

    def __init__(self) -> None:
        super().__init__("This is no longer here. Files are removed after a while: choose the clip again.")


@dataclass(frozen=True)
class Visitor:
    """One visitor; `folder` may not exist yet."""

    folder: Path

    def shelf(self, token: str) -> Path:
        """The folder of one of their works.

        Raises:
            NotYoursError: if they have none of that name.
        """
        shelf = self.folder / token
        if not _TOKEN.fullmatch(token) or not shelf.is_dir():
            raise NotYoursError
        return shelf

    def file(self, token: str, name: str) -> Path:
        """A file that was made for them.

        Raises:
            NotYoursError: if there is no such file on that shelf.
        """
        path = self.shelf(token) / name
        if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
            raise NotYoursError
        return path


class Visitors:
    """All visitors of one page, in one temporary folder that goes when the page does."""

    def __init__(self, limits: Limits) -> None:
        _clear_away_the_dead()
        self.limits = limits
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock: IO[bytes] = open(self.root / _LOCK, "wb")  # noqa: SIM115
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._key = secrets.token_bytes(32)
        self._closed = threading.Event()
        threading.Thread(target=self._sweep_on, name="page-sweep", daemon=True).start()

    def welcome(self) -> str:
        """The cookie of a new visitor."""
        name = secrets.token_urlsafe(32)
        return f"{name}.{self._sign(name)}"

    def known(self, cookie: str | None) -> Visitor | None:
        """Whose cookie it is; None if this process has not given it."""
        if cookie is None or not _COOKIE.fullmatch(cookie):
            return None
        name, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature, self._sign(name)):
            return None
        return Visitor(self.root / hashlib.blake2b(name.encode(), digest_size=16).hexdigest())

    def new_shelf(self, visitor: Visitor, bytes_wanted: int = 0) -> Path:
        """A fresh folder for a work, or for a file that is coming.

        Raises:
            LimitError: if the visitor, or all of them, would then keep too much.
        """
        self.check_room(visitor, bytes_wanted)
        shelf = visitor.folder / secrets.token_hex(12)
        shelf.mkdir(parents=True, mode=0o700)
        return shelf

    def check_room(self, visitor: Visitor, bytes_wanted: int) -> None:
        """Check that so many bytes may be added.

        Raises:
            LimitError: telling that it is too much.
        """
        if _bytes_in(visitor.folder) + bytes_wanted > self.limits.visitor_mb * MEGABYTE:
            raise LimitError("You have as many files here as one visitor may; older ones go after a while.")
        free = shutil.disk_usage(self.root).free
        if min(self.limits.disk_mb * MEGABYTE - _bytes_in(self.root), free) < bytes_wanted:
            raise LimitError("There is no room for another clip at the moment; please try again later.")

    def sweep(self, now_s: float | None = None) -> None:
        """Remove what nobody has asked for in `keep_s`; a shelf's own time is that of its last use."""
        oldest_s = (time.time() if now_s is None else now_s) - self.limits.keep_s
        for folder in self.root.iterdir():
            if not folder.is_dir():
                continue
            for shelf in folder.iterdir():
                if shelf.stat().st_mtime < oldest_s:
                    shutil.rmtree(shelf, ignore_errors=True)
            if not any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        self._closed.set()
        shutil.rmtree(self.root, ignore_errors=True)
        self._lock.close()

    def _sign(self, name: str) -> str:
        return hashlib.blake2b(name.encode(), key=self._key, digest_size=16).hexdigest()

    def _sweep_on(self) -> None:
        while not self._closed.wait(min(_SWEEP_S, self.limits.keep_s / 4)):
            try:
                self.sweep()
            except FileNotFoundError:
                continue  # A shelf went while it was looked at: the next round sees the rest.


def touch(shelf: Path) -> None:
    """Say that a shelf is in use: it is kept for another while."""
    os.utime(shelf)


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name), follow_symlinks=False).st_size  # noqa: PTH116, PTH118
            except FileNotFoundError:
                continue
    return total


def _clear_away_the_dead() -> None:
    """Remove the folders of pages that were killed: nobody holds their lock any more."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            with open(root / _LOCK, "rb+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(root, ignore_errors=True)
        except OSError:
            continue  # In use, another person's, or not ours at all.
