"""The page's own two routes: a file comes in, a file goes out. Both know one visitor's folder alone."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from v2m.page.gate import FILES, UPLOAD, VISITOR
from v2m.page.limits import LimitError
from v2m.page.visitors import NotYoursError, touch

if TYPE_CHECKING:
    from v2m.page.visitors import Visitor, Visitors

UPLOADED = ".upload"
"""What an uploaded file is called until it has been looked at: hidden, so that no address reaches it."""
TITLE = ".title"
_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mkv": "video/x-matroska", ".wav": "audio/wav", ".mid": "audio/midi", ".zip": "application/zip",
    ".html": "text/html; charset=utf-8", ".jpg": "image/jpeg", ".mp3": "audio/mpeg", ".flac": "audio/flac",
    ".ogg": "audio/ogg", ".aac": "audio/aac", ".gif": "image/gif", ".avi": "video/x-msvideo",
}  # fmt: skip
# A page that is shown in a frame is a stranger to the page around it, and loads nothing.
_FRAMED = (
    "sandbox allow-scripts; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; frame-ancestors 'self'"
)
_LONGEST_TITLE = 60
# How long a file waits for a free door, and how long it may be silent on its way.
_WAIT_S, _SILENCE_S = 20.0, 20.0


def routes(visitors: Visitors) -> list[BaseRoute]:
    """Both routes over these visitors' folders."""
    doors = _Doors(visitors.limits.uploads)

    async def upload(request: Request) -> Response:
        visitor: Visitor | None = request.scope[VISITOR]
        limits = visitors.limits
        if visitor is None:
            return _said(403, "This page needs its cookie to know whose files are whose: load it anew.")
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or not int(length):
            return _said(411, "The file is empty, or its size was not said.")
        size = int(length)
        if size > limits.upload_bytes:
            return _said(
                413, f"The file has {size / 2**20:.0f} MB; {limits.upload_mb:g} MB is the most here."
            )
        async with doors.held() as free:
            if not free:
                return _said(503, "Many files are on their way just now: this one waits its turn.", wait=True)
            try:
                shelf = await run_in_threadpool(visitors.new_shelf, visitor, size)
            except LimitError as error:
                return _said(507, str(error))
            if not await _store(request, shelf / UPLOADED, size):
                return _said(400, "The file did not arrive whole.")
        (shelf / TITLE).write_text(title_of(request.headers.get("x-file-name", "")), encoding="utf-8")
        return JSONResponse({"upload": shelf.name})

    async def file(request: Request) -> Response:
        visitor: Visitor | None = request.scope[VISITOR]
        try:
            if visitor is None:
                raise NotYoursError
            path = visitor.file(request.path_params["token"], request.path_params["name"])
            touch(path.parent)
        except (NotYoursError, FileNotFoundError):
            return _said(404, "There is nothing here.")
        headers = {"cache-control": "private, no-store"}
        if path.suffix == ".html":
            headers["content-security-policy"] = _FRAMED
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        return FileResponse(path, media_type=kind, headers=headers)

    return [
        Route(UPLOAD, upload, methods=["POST"]),
        Route(f"{FILES}/{{token}}/{{name}}", file, methods=["GET"]),
    ]


class _Doors:
    """How many files may come in at once; another waits a while, unread, at no cost."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[bool]:
        """Whether a door became free; it is held until the block ends."""
        try:
            await asyncio.wait_for(self._free.acquire(), _WAIT_S)
        except asyncio.TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._free.release()


async def _store(request: Request, place: Path, size: int) -> bool:
    """Write the body as it comes; whether all of it came, and no more, and without long silences."""
    written = 0
    stream = aiter(request.stream())
    try:
        with open(place, "wb") as out:
            while chunk := await asyncio.wait_for(anext(stream, b""), _SILENCE_S):
                written += len(chunk)
                if written > size:
                    break
                await run_in_threadpool(out.write, chunk)
    except (ClientDisconnect, asyncio.TimeoutError, OSError):
        written = -1
    if written != size:
        place.unlink(missing_ok=True)
        place.parent.rmdir()
    return written == size


def title_of(name: str) -> str:
    """What a person's file name calls the clip: for showing and for naming downloads, never for a path.

    >>> title_of("..%2F..%2Fetc%2Fmy%20holiday.final.mp4")
    'my holiday.final'
    """
    last = re.split(r"[/\\]", unquote(name, errors="replace"))[-1]
    stem = last.rpartition(".")[0] or last
    return re.sub(r"[^\w .,()+&'-]", "_", stem).strip(" .")[:_LONGEST_TITLE].strip() or "clip"


def _said(status: int, line: str, *, wait: bool = False) -> Response:
    # The rest of what is refused need not be sent.
    headers = {"connection": "close", **({"retry-after": "2"} if wait else {})}
    return Response(json.dumps({"error": line}), status, headers, "application/json")
