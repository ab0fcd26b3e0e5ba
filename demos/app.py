"""The web page as a hosted space starts it: `python -m demos.app`, or this file alone.

Everything that a host may want otherwise comes from the environment: `GRADIO_SERVER_NAME` and
`GRADIO_SERVER_PORT` as Gradio's own (a container's host is reached from outside, so all addresses are
listened on unless told otherwise), and the limits of `v2m.page.limits` as `V2M_` and their name, such as
`V2M_UPLOAD_MB=50`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields

from v2m.cli.ending import run_to_end
from v2m.page.limits import LimitError, Limits
from v2m.page.serve import serve

HOSTED = Limits(upload_mb=80.0, clip_s=90.0, waiting=16, visitor_mb=600.0, disk_mb=6000.0, keep_s=1800.0)
"""What a small shared machine allows."""


def limits_of(environment: dict[str, str]) -> Limits:
    """`HOSTED`, changed by `V2M_…` variables.

    Raises:
        LimitError: for one that is no number above 0.
    """
    said = {}
    for field in fields(Limits):
        name = f"V2M_{field.name.upper()}"
        if name in environment:
            try:
                said[field.name] = type(getattr(HOSTED, field.name))(environment[name])
            except ValueError:
                raise LimitError(f"{name}: {environment[name]!r} is no number") from None
    return Limits(**{**{f.name: getattr(HOSTED, f.name) for f in fields(Limits)}, **said})


def main() -> None:
    """Serve until the host ends it."""
    environment = dict(os.environ)
    port = environment.get("GRADIO_SERVER_PORT", "7860")
    if not port.isdecimal():
        raise LimitError(f"GRADIO_SERVER_PORT: {port!r} is no port")
    serve(
        host=environment.get("GRADIO_SERVER_NAME", "0.0.0.0"),
        port=int(port),
        limits=limits_of(environment),
    )


if __name__ == "__main__":
    sys.exit(run_to_end(main))
