"""`v2m models`: which optional models there are, and fetching one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from v2m.cli.options import Json

app = typer.Typer(help="The optional models: which are here, and fetch one.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """Say which optional models there are, and which of them are here."""
    from v2m.models import statuses

    rows = [
        {
            "name": s.card.name,
            "here": s.path is not None,
            "path": None if s.path is None else str(s.path),
            "bytes": s.card.size,
            "licence": s.card.licence,
            "purpose": s.card.purpose,
            "problem": s.problem,
        }
        for s in statuses()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for s in statuses():
        here = str(s.path) if s.path else s.problem or f"not here; v2m models pull {s.card.name} fetches it"
        print(
            f"{s.card.name:<9} {s.card.purpose} ({s.card.size / 1e6:.0f} MB, {s.card.licence})\n{'':9} {here}"
        )


@app.command("pull")
def pull_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `v2m models list` has it.")],
) -> None:
    """Fetch a model and check it; goes on where an earlier transfer broke off."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from v2m.models import pull

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(name, total=None)
        path = pull(name, lambda done, total: bars.update(task, completed=done, total=total))
    print(path)
