"""The door of the page: what may be asked for at all, and by whom.

Gradio serves much that this page does not need (files by path, a proxy, uploads that are told apart by
their content, an editor of its own code). So only what its page needs is let through, and files come and
go by the page's own two routes (`v2m.page.routes`), where each visitor finds their own alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from v2m.page.visitors import Visitors

COOKIE = "v2m_visitor"
VISITOR = "v2m.visitor"
"""Where, in an ASGI scope, the visitor is found."""
UPLOAD, FILES = "/v2m/upload", "/v2m/files"

_READ = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)/?|/(assets|static|svelte)/[^?]*"
    r"|/gradio_api/(queue/(data|status)|heartbeat/[^/]+|startup-events|app_id|theme\.css)/?"
    rf"|{FILES}/[^/]+/[^/]+"
)
_WRITE = re.compile(rf"/gradio_api/(queue/join|cancel|reset|run/predict)/?|{UPLOAD}")
# What the page's own forms say is a few kilobytes.
_MOST_FORM_BYTES = 256 << 10
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Gate:
    """ASGI middleware in front of everything.

    Args:
        app: what lies behind it.
        visitors: who is known.
        hosts: the names under which the page may be asked for; any if empty. On loopback they keep out
            pages of other sites whose name was made to point here.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors, hosts: Collection[str] = ()) -> None:
        self._app, self._visitors, self._hosts = app, visitors, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        visitor = self._visitors.known(_cookie(headers))
        scope[VISITOR] = visitor
        newcomer = visitor is None and scope["path"] == "/"
        secure = scope["scheme"] == "https" or headers.get("x-forwarded-proto", "").startswith("https")

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                if newcomer:
                    answer.append("set-cookie", _set_cookie(self._visitors.welcome(), secure))
            await send(message)

        await self._app(scope, receive, send_on)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """Why a request goes no further, or None."""
        host = headers.get("host", "")
        if self._hosts and _without_port(host) not in self._hosts:
            return PlainTextResponse("This page is not known under that name.", 421)
        path, method = scope["path"], scope["method"]
        if method in ("GET", "HEAD"):
            return None if _READ.fullmatch(path) else PlainTextResponse("There is nothing here.", 404)
        if method != "POST" or not _WRITE.fullmatch(path):
            return PlainTextResponse("There is nothing here.", 404)
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return PlainTextResponse("Another site may not ask this page to do something.", 403)
        if path != UPLOAD:
            length = headers.get("content-length", "")
            if not length.isdecimal():
                return PlainTextResponse("Say how long the request is.", 411)
            if int(length) > _MOST_FORM_BYTES:
                return PlainTextResponse("That is more than any form here asks for.", 413)
        return None


def _cookie(headers: Headers) -> str | None:
    return cookie_in(headers.get("cookie", ""))


def cookie_in(header: str) -> str | None:
    """The visitor's cookie in a `Cookie` header, as it was said."""
    try:
        said = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if said is None else said.value


def _set_cookie(value: str, secure: bool) -> str:
    # Inside another site's frame, as hosted spaces are shown, only a partitioned cookie is kept.
    how = "SameSite=None; Secure; Partitioned" if secure else "SameSite=Strict"
    return f"{COOKIE}={value}; Path=/; HttpOnly; {how}"


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host).lower()
