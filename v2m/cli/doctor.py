"""`v2m doctor`: what is installed, what is used, what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from rich.console import Console
from rich.text import Text

from v2m.cli.options import Json

COLOURS = {"used": "green", "idle": "default", "missing": "yellow", "broken": "bold red"}


def command(as_json: Json = False) -> None:
    """Say what is installed, what is used, and what is missing; exit code 1 if something is broken."""
    from v2m.doctor import examine

    findings = examine()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            line = Text(f"{finding.state:<8}", style=COLOURS[finding.state])
            console.print(line + Text(f"{finding.name:<22} {finding.detail}", style="default"))
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)
