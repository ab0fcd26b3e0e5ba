"""`v2m serve`: the web page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HOST, PORT = "127.0.0.1", 7860


def command(
    host: Annotated[
        str, typer.Option(help="Where to listen. Anything but loopback shows the page to others.")
    ] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    samples: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Sample clips of your own instead of ours.")
    ] = None,
    upload_mb: Annotated[
        float, typer.Option("--max-upload", metavar="MB", help="Size of an upload.")
    ] = 200.0,
    clip_s: Annotated[
        float, typer.Option("--max-length", metavar="SECONDS", help="Length of a clip.")
    ] = 180.0,
    keep_min: Annotated[
        float, typer.Option("--keep", metavar="MINUTES", help="Files go when nobody asked for them so long.")
    ] = 60.0,
    open_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Serve the web page: compose for a clip, edit what came of it, measure any music.

    It listens on this machine alone unless --host says otherwise. Every visitor sees their own files only,
    and they are removed after a while.
    """
    from v2m.page.limits import Limits
    from v2m.page.serve import serve

    limits = Limits(upload_mb=upload_mb, clip_s=clip_s, keep_s=60 * keep_min)
    serve(host=host, port=port, limits=limits, samples=samples, open_browser=open_browser)
