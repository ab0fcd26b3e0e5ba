"""`v2m train`: make weights of the trained models, and one file of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make weights of the trained models, and one file of several.", no_args_is_help=True)

Minutes = Annotated[
    float | None, typer.Option(min=0.0, help="Stop at the next check after so long; go on another time.")
]
Batch = Annotated[int, typer.Option(min=1, help="Windows at once.")]
Rate = Annotated[float, typer.Option(min=0.0, help="Largest learning rate.")]
CheckEvery = Annotated[int, typer.Option(min=1, help="Steps between checks and checkpoints.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same weights on a CPU.")]
Online = Annotated[bool, typer.Option("--wandb", help="Send the curves there; else they stay here.")]
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
    rate: Rate = 1.5e-3,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better validation.")] = 8,
    seed: Seed = 0,
    width: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 128,
    heads: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 4,
    encoder_layers: Annotated[int, typer.Option(min=0, rich_help_panel=SIZE)] = 1,
    decoder_layers: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 3,
    dropout: Annotated[float, typer.Option(min=0.0, max=0.9, rich_help_panel=SIZE)] = 0.2,
    wandb: Online = False,
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


@app.command("codec")
def train_the_codec(
    data: Annotated[Path, typer.Option(metavar="FOLDER", help="Prepared corpora of sound (see datasets/).")],
    output: Output,
    steps: Annotated[
        int, typer.Option(min=1, help="How many; a training that goes on may be given more.")
    ] = 3000,
    minutes: Minutes = None,
    batch: Batch = 6,
    rate: Rate = 3e-4,
    check_every: CheckEvery = 100,
    seed: Seed = 0,
    width: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 256,
    latent: Annotated[int, typer.Option(min=1, help="Numbers a frame.", rich_help_panel=SIZE)] = 48,
    books: Annotated[int, typer.Option(min=1, help="Codebooks.", rich_help_panel=SIZE)] = 8,
    wandb: Online = False,
) -> None:
    """Train the VQ-GAN's codec; the output is a folder, in which a training that was stopped goes on."""
    import math

    from generators.vqgan.codec import CodecConfig
    from generators.vqgan.codec_training import CodecRecipe, train_codec

    config = CodecConfig(width=width, latent=latent, books=books)
    recipe = CodecRecipe(steps=steps, batch=batch, rate=rate, check_every=check_every, seed=seed)
    limit = math.inf if minutes is None else minutes
    print(train_codec(data, output, config=config, recipe=recipe, online=wandb, minutes=limit))


@app.command("vqgan")
def train_vqgan(
    data: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Prepared corpora of sound (see datasets/)."),
    ],
    output: Output,
    codec: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The codec whose codes are written; the one that ships if left out."
        ),
    ] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights to begin with, of this size.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="How many.")] = 4000,
    minutes: Minutes = None,
    batch: Batch = 8,
    rate: Rate = 1e-3,
    check_every: CheckEvery = 250,
    seed: Seed = 0,
    width: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 192,
    stacks: Annotated[int, typer.Option(min=1, rich_help_panel=SIZE)] = 4,
    wandb: Online = False,
) -> None:
    """Train the VQ-GAN's generator; the output is a folder, in which a training that was stopped goes on."""
    import math

    from generators.vqgan.codec import load_codec
    from generators.vqgan.model import Config
    from generators.vqgan.training import Recipe, train

    player = load_codec(codec)
    config = Config(hop=player.hop, latent=player.latent, width=width, stacks=stacks)
    recipe = Recipe(steps=steps, batch=batch, rate=rate, check_every=check_every, seed=seed)
    print(
        train(
            data,
            output,
            codec=player,
            config=config,
            recipe=recipe,
            start=start,
            online=wandb,
            minutes=math.inf if minutes is None else minutes,
        )
    )


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
    from generators.affective.weights import join_weights
    from generators.weights_file import WeightsError

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
