"""`v2m rate`: stars for what v2m made → the weights by which candidates are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from v2m.cli.options import Json


def command(
    place: Annotated[
        Path,
        typer.Argument(metavar="CLIP|SESSION|REPORT", help="What is rated.", show_default=False),
    ],
    stars: Annotated[int, typer.Option(metavar="1-5", help="How well you like it.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Rate music that v2m made: what you like weighs more when the best of candidates is kept."""
    import json

    from rich.console import Console

    from v2m.critics.ratings import load_ratings
    from v2m.critics.reward import WEIGHTS
    from v2m.rating import rate
    from v2m.user_data import data_folder

    weights = rate(place, stars)
    if as_json:
        print(json.dumps(weights, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{stars} of 5 stars kept, {len(load_ratings(data_folder()))} ratings in all")
    moved = sorted(weights, key=lambda name: -abs(weights[name] - WEIGHTS[name]))
    told = ", ".join(f"{name} {WEIGHTS[name]:.3f} → {weights[name]:.3f}" for name in moved[:3])
    console.print(f"  weights moved most: {told}")
