"""The program `v2m` and its commands; what each does is in the modules it calls."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from v2m.cli import (
    analyze,
    codec,
    compare,
    doctor,
    models,
    plan,
    rate,
    score,
    serve,
    session,
    soundtrack,
    train,
)
from v2m.cli.ending import run_to_end

app = typer.Typer(
    name="v2m",
    help="Give a clip music that fits its picture: [bold]v2m soundtrack clip.mp4[/bold]",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("soundtrack")(soundtrack.command)
app.command("plan")(plan.command)
app.command("open")(session.open_)
app.command("render")(session.render)
app.command("status")(session.status)
app.command("regenerate")(session.regenerate)
app.command("review")(session.review)
app.command("export")(session.export)
app.command("analyze")(analyze.command)
app.command("score")(score.command)
app.command("compare")(compare.command)
app.command("rate")(rate.command)
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.command("serve")(serve.command)
app.add_typer(codec.app, name="codec")
app.command("doctor")(doctor.command)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"v2m {version('v2m')}")
        except PackageNotFoundError:
            print("v2m (not installed; run from a checkout)")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which v2m this is.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run `v2m` with the arguments of this process, and exit."""
    # The threads of v2m's own stages share the cores. Those of numpy's matrix products would help none
    # of its small ones, and wait for the next in a busy loop.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run_to_end(lambda: app(standalone_mode=False)))
