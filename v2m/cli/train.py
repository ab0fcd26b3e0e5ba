"""`v2m train`: make weights of the affective transformer, and one file of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Make weights of the affective transformer, and one file of several.", no_args_is_help=True
)

Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="PATH", help="Where to write.", show_default=False)
]
SIZE = "The model's size"


@app.command("affective")
def train_affective(
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Prepared corpora (see datasets/), MuVi-Sync among them."),
    ],
    output: Output,
    epochs: Annotated[int, typer.Option(min=1, help="At most; it stops early when it learns no more.")] = 40,
    batch: Annotated[int, typer.Option(min=1, help="Songs at once.")] = 16,
    rate: Annotated[float, typer.Option(min=0.0, help="Largest learning rate.")] = 1.5e-3,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better validation.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same weights on a CPU.")] = 0,
    width: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 128,
    heads: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 4,
    encoder_layers: Annotated[int, typer.Option(min=0, rich_help_panel=SIZE)] = 1,
    decoder_layers: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 3,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9, rich_help_panel=SIZE)] = 0.2,
    wandb: Annotated[
        bool, typer.Option("--wandb", help="Send the curves there; else they stay here.")
    ] = False,
) -> None:
    """Train; the output is a folder, in which a training that was stopped goes on."""
    from generators.affective.model import Config
    from generators.affective.training import Recipe, train

    if width % heads:
        raise typer.BadParameter(f"a width of {width} is not for {heads} heads; choose a multiple")
    config = Config(
        width=width,
        heads=heads,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        dropout=dropout,
    )
    recipe = Recipe(epochs=epochs, batch=batch, rate=rate, patience=patience, seed=seed)
    print(train(data, output, config=config, recipe=recipe, online=wandb))


@app.command("join")
def join(
    files: Annotated[list[Path], typer.Argument(metavar="WEIGHTS...", show_default=False)],
    output: Output,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="SENSE=SHARE", help="How much of a sense is believed, such as semantic=0.5."),
    ] = None,
) -> None:
    """Make one file of several trainings' weights, whose odds are averaged; prints its SHA-256."""
    from generators.affective.weights import WeightsError, join_weights

    shares: dict[str, float] = {}
    for text in trust or ():
        name, _, share = text.partition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            raise WeightsError(f"{text!r} is not understood; write it as semantic=0.5") from None
    try:
        print(join_weights(files, output, shares))
    except OSError as error:
        raise WeightsError(f"{output} cannot be written ({error.strerror})") from None
