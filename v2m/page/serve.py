"""Serving the page until it is stopped."""

from __future__ import annotations

import os
import socket
import threading
import webbrowser
from pathlib import Path

from encoders.errors import V2MError
from v2m.page.limits import Limits

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ServeError(V2MError):
    """The page cannot be served, and what to do."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    limits: Limits | None = None,
    samples: Path | None = None,
    open_browser: bool = False,
) -> None:
    """Serve the page until the process is interrupted; then all files that were brought or made are gone.

    Args:
        host: where to listen; loopback keeps it on this machine.
        port: 0 takes a free one, which is printed.
        limits: what visitors may.
        samples: a folder of sample clips; those that ship if None.
        open_browser: show it in the browser.

    Raises:
        ServeError: if gradio is not installed, or the place is taken.
        V2MError: for a folder of samples that has none.
    """
    if os.name != "posix":
        raise ServeError("the web page needs Linux or macOS: it keeps visitors apart by their means")
    # Before Gradio is loaded: it would ask after its own newest version.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import uvicorn

        from v2m.page.app import make_app
        from v2m.page.desk import Desk
    except ModuleNotFoundError as error:
        raise ServeError(f"the web page needs {error.name}: pip install 'v2m[web]'") from error
    from v2m.page.samples import find_samples
    from v2m.page.visitors import Visitors

    limits = limits or Limits()
    shown = find_samples(samples, limits.clip_s)
    with _listening(host, port) as listener:
        desk = Desk(limits, Visitors(limits), shown)
        try:
            app = make_app(desk, hosts={*LOOPBACK, "[::1]"} if host in LOOPBACK else ())
            address = _address(host, listener.getsockname()[1])
            print(f"v2m is at {address} (Ctrl-C ends it, and removes what was uploaded)", flush=True)
            if open_browser:
                threading.Timer(1.0, webbrowser.open, [address]).start()
            config = uvicorn.Config(
                app, log_level="error", timeout_graceful_shutdown=2, proxy_headers=host not in LOOPBACK
            )
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            desk.close()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise ServeError(
            f"cannot listen on {host}, port {port} ({said}); name another with --port"
        ) from error
    return listener


def _address(host: str, port: int) -> str:
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
