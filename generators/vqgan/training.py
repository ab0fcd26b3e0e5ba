"""Prepared corpora of sound → the weights of the VQ-GAN's generator. `v2m train vqgan --data FOLDER`

One readable loop in plain PyTorch. The codec is frozen; its codes of the music are what is to be written, the
controls are heard in the same music and roughened (`controls.roughen`), and where a corpus brings pictures,
now and then the onsets are those of what moves. The losses are D2M-GAN's with their gradients mended: latents
and codes (the quantiser's, straight through), hinge and feature matching of critics at three scales, and the
spectrogram of what is heard, which here is played by the codec with gradients all the way back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generators.checkpoint import Means, made_folder, read_checkpoint, training_log, write_checkpoint
from generators.vqgan.codec import Codec
from generators.vqgan.controls import SAMPLE_RATE, roughen
from generators.vqgan.corpus import SoundCorpusError, read_pieces
from generators.vqgan.lessons import Batch, Lesson, draw_batch, lesson_of
from generators.vqgan.mel import mel_distance
from generators.vqgan.model import Config, Critics, Generator, critics_loss, makers_loss
from generators.vqgan.weights import codec_mark, read_generator, write_generator

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "vqgan.safetensors"
EDGE = 8  # frames at the ends of what is heard that the codec plays without what lies beyond
BOOKS_ASKED = 4  # the first ones; those after them tell little
CHECKED = 24  # windows of the validation pieces


@dataclass(frozen=True)
class Recipe:
    """How the weights are made; kept beside them.

    Attributes:
        steps, batch, window_s: how many steps of how many windows, how long.
        rate: largest learning rate of both sides, one-cycle.
        latents, codes, fooled, alike, heard: weights of the losses.
        judged_from: the step from which the critics have a say.
        heard_every, heard_from: the spectrogram is heard at every so many steps, from one on.
        heard_s, heard_batch: how much of it.
        seen: how often a piece with a picture is told its moves in place of its onsets.
        check_every: steps between two looks at the validation pieces, and two checkpoints.
        seed: of everything drawn.
    """

    steps: int = 4000
    batch: int = 8
    window_s: float = 2.2
    rate: float = 1e-3
    latents: float = 2.0
    codes: float = 0.1
    fooled: float = 0.3
    alike: float = 1.0
    heard: float = 5.0
    judged_from: int = 150
    heard_every: int = 1
    heard_from: int = 0
    heard_s: float = 0.7
    heard_batch: int = 4
    seen: float = 0.5
    check_every: int = 250
    seed: int = 0

    def window(self, codec: Codec) -> int:
        """`window_s` in frames."""
        return max(round(self.window_s * SAMPLE_RATE / codec.hop), 8)


def train(
    data: Path,
    out: Path,
    *,
    codec: Codec,
    config: Config | None = None,
    recipe: Recipe = Recipe(),
    start: Path | None = None,
    online: bool = False,
    minutes: float = math.inf,
    tell: Callable[[str], None] = print,
) -> Path:
    """Train, or go on from the checkpoint in `out`.

    Args:
        data: a folder of prepared corpora (`*.safetensors`).
        out: a folder for checkpoints, the log (`log.jsonl`) and the weights.
        codec: whose codes are written; it stays as it is.
        config: the generator's size; the usual one if None.
        recipe: how.
        start: weights to begin with, of another codec or other music.
        online: send the curves to wandb; kept beside the weights if not.
        minutes: stop at the next check after so long; the training can be gone on with.
        tell: called with one line a check.

    Returns:
        The weights with the least validation loss.

    Raises:
        SoundCorpusError: if there is nothing to train on or to check with, or the checkpoint is another's.
        WeightsError: if the weights to begin with are of another size.
        MissingWandbError: if the curves are to be sent and wandb is not installed.
    """
    pieces = [piece for path in sorted(data.glob("*.safetensors")) for piece in read_pieces(path)]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    codec = codec.to(device).eval().requires_grad_(False)
    lessons: dict[str, list[Lesson]] = {"train": [], "val": []}
    for piece in pieces:
        if piece.split in lessons and len(piece.sound) >= recipe.window(codec) * codec.hop:
            lessons[piece.split].append(lesson_of(piece, codec))
    if not lessons["train"] or not lessons["val"]:
        raise SoundCorpusError(f"{data} holds no prepared corpus with music to train on and to check with")
    return learn(
        lessons["train"],
        lessons["val"],
        made_folder(out),
        codec=codec,
        config=config or Config(hop=codec.hop, latent=codec.latent),
        recipe=recipe,
        start=start,
        online=online,
        minutes=minutes,
        tell=tell,
    )


def learn(
    lessons: Sequence[Lesson],
    checks: Sequence[Lesson],
    out: Path,
    *,
    codec: Codec,
    config: Config,
    recipe: Recipe,
    start: Path | None = None,
    online: bool = False,
    minutes: float = math.inf,
    tell: Callable[[str], None] = print,
) -> Path:
    """Train on lessons that are there already, on the codec's device; see `train`."""
    device = next(codec.parameters()).device
    torch.manual_seed(recipe.seed)
    generator, critics = Generator(config).to(device), Critics(config).to(device)
    if start is not None:
        generator.load_state_dict(read_generator(start)[0].state_dict())
    scale(generator, lessons, codec)
    makers = torch.optim.AdamW(generator.parameters(), recipe.rate, betas=(0.8, 0.95))
    judges = torch.optim.AdamW(critics.parameters(), recipe.rate / 2, betas=(0.8, 0.95))
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            optimiser.param_groups[0]["lr"],
            total_steps=max(recipe.steps - first, 0) + 1,
            pct_start=0.05,
        )
        for optimiser, first in ((makers, 0), (judges, recipe.judged_from))
    ]
    parts: dict[str, Any] = {"generator": generator, "critics": critics, "makers": makers, "judges": judges,
             "first": schedules[0], "second": schedules[1]}  # fmt: skip
    settings = {"config": asdict(config), "recipe": asdict(recipe), "codec": codec_mark(codec)}
    step, best = 0, math.inf
    if (out / CHECKPOINT).exists():
        kept = read_checkpoint(out / CHECKPOINT, device)
        if kept["settings"] != settings:
            raise SoundCorpusError(
                f"{out / CHECKPOINT} is of another recipe or codec; train in another folder"
            )
        for name, part in parts.items():
            part.load_state_dict(kept[name])
        step, best = kept["step"], kept["best"]
    began, losses = time.monotonic(), Means()
    with training_log(out, "v2m-vqgan", settings, online) as log:
        while step < recipe.steps:
            rng = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
            some = draw_batch(lessons, codec.hop, recipe.window(codec), recipe.batch, recipe.seen, rng)
            _step(generator, critics, makers, judges, some, codec, recipe, step, rng, losses)
            schedules[0].step()
            if step >= recipe.judged_from:
                schedules[1].step()
            step += 1
            if step % recipe.check_every and step < recipe.steps:
                continue
            row = {
                "step": step,
                **losses.take(),
                **check(generator, checks, codec, recipe),
            }
            row["minutes"] = (time.monotonic() - began) / 60
            log(row)
            tell(", ".join(f"{k} {v:.4g}" for k, v in row.items()))
            if row["val_mel"] < best:
                best = row["val_mel"]
                write_generator(out / WEIGHTS, generator, {**settings, "step": step, "validation": row})
            states = {name: part.state_dict() for name, part in parts.items()}
            write_checkpoint(out / CHECKPOINT, {**states, "settings": settings, "step": step, "best": best})
            if row["minutes"] >= minutes:
                break
    return out / WEIGHTS


@torch.no_grad()
def scale(generator: Generator, lessons: Sequence[Lesson], codec: Codec) -> None:
    """Set the generator's mean and spread to those of the codec's latents of the music."""
    some = torch.cat([lesson.codes[..., :: max(lesson.frames // 400, 1)] for lesson in lessons], -1)
    latents = codec.quantiser.say(some.long().to(generator.mean.device))[0]
    generator.mean.copy_(latents.mean(1))
    generator.spread.copy_(latents.std(1).clamp(min=1e-3))


def _step(
    generator: Generator,
    critics: Critics,
    makers: torch.optim.Optimizer,
    judges: torch.optim.Optimizer,
    some: Batch,
    codec: Codec,
    recipe: Recipe,
    step: int,
    rng: torch.Generator,
    losses: Means,
) -> None:
    """One step of both sides."""
    device = generator.mean.device
    controls = roughen(some.controls, rng).to(device)
    noise = torch.randn(recipe.batch, generator.config.noise, controls.frames, generator=rng).to(device)
    with torch.no_grad():
        true = generator.scaled(codec.quantiser.say(some.codes.to(device)))
    latents = generator(controls, noise)
    made = generator.scaled(latents)
    judging = step >= recipe.judged_from
    if judging:
        ours = critics_loss(critics(true, controls), critics(made.detach(), controls))
        judges.zero_grad()
        ours.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(critics.parameters(), 5.0)
        judges.step()
        losses.add(critics=ours)
    near = (made - true).abs().mean()
    told = codec.quantiser.code_loss(latents, some.codes.to(device), BOOKS_ASKED)
    loss = recipe.latents * near + recipe.codes * told
    losses.add(latents=near, codes=told)
    if judging:
        critics.requires_grad_(False)
        with torch.no_grad():
            real = critics(true, controls)
        fooled, alike = makers_loss(real, critics(made, controls))
        critics.requires_grad_(True)
        loss = loss + recipe.fooled * fooled + recipe.alike * alike
        losses.add(fooled=fooled, alike=alike)
    if step >= recipe.heard_from and step % recipe.heard_every == 0:
        heard = _heard(codec, latents, some.sound.to(device), recipe, rng)
        loss = loss + recipe.heard * heard
        losses.add(heard=heard)
    makers.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(generator.parameters(), 5.0)
    makers.step()


def _heard(codec: Codec, latents: Tensor, sound: Tensor, recipe: Recipe, rng: torch.Generator) -> Tensor:
    """How far what is heard, its codes played by the codec, is from the music, on a part of the windows."""
    frames = min(round(recipe.heard_s * SAMPLE_RATE / codec.hop) + 2 * EDGE, latents.shape[-1])
    start = int(torch.randint(latents.shape[-1] - frames + 1, (1,), generator=rng))
    part = codec.quantiser(latents[: recipe.heard_batch, :, start : start + frames]).latents
    inner = slice(EDGE * codec.hop, (frames - EDGE) * codec.hop)
    theirs = sound[: recipe.heard_batch, start * codec.hop : (start + frames) * codec.hop]
    return mel_distance(codec.play(part)[:, inner], theirs[:, inner], SAMPLE_RATE)


@torch.no_grad()
def check(generator: Generator, lessons: Sequence[Lesson], codec: Codec, recipe: Recipe) -> dict[str, float]:
    """The same windows of the validation pieces each time: how far latents and sound are from the music's."""
    rng = torch.Generator().manual_seed(recipe.seed + 77)
    window = recipe.window(codec)
    some = draw_batch(lessons, codec.hop, window, CHECKED, 0.0, rng)
    device = generator.mean.device
    noise = torch.randn(CHECKED, generator.config.noise, window, generator=rng).to(device)
    generator.eval()
    latents = generator(some.controls.to(device), noise)
    generator.train()
    true = codec.quantiser.say(some.codes.to(device))
    inner = slice(EDGE * codec.hop, (window - EDGE) * codec.hop)
    sounds = [codec.play(z)[:, inner] for z in (codec.quantiser(latents).latents, true)]
    theirs = some.sound.to(device)[:, inner]
    return {
        "val_latents": float((generator.scaled(latents) - generator.scaled(true)).abs().mean()),
        "val_mel": float(mel_distance(sounds[0], theirs, SAMPLE_RATE)),
        "val_mel_codec": float(mel_distance(sounds[1], theirs, SAMPLE_RATE)),
    }
