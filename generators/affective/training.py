"""Prepared corpora → the weights of the affective transformer. `v2m train affective --data FOLDER`

One readable loop in plain PyTorch. Songs are cut to windows and stretched in time, since a loop of
chords should be known at any tempo; senses are dropped at random, since a clip may have few. What is
learnt is the next chord, its density and loudness, the tune's skeleton, and a little of which qualities
a feeling allows (Video2Music's objective). Early stopping is on the validation songs' chords.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from generators.affective.chord_words import ALLOWED_WORDS, surely_felt
from generators.affective.corpus import CorpusError, Song, batch, read_corpus
from generators.affective.model import AffectiveTransformer, Config, Foretold, Step
from generators.affective.outlook import SAID
from generators.affective.outlook_fitting import cross_fitted, fit
from generators.affective.scoring import score
from generators.affective.senses import PICTURE, Senses
from generators.affective.weights import write_weights
from generators.checkpoint import made_folder, read_checkpoint, training_log, write_checkpoint

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "affective.safetensors"
# How much of the time a sense is not told. What is asked for is told least: mostly nobody asks.
UNTOLD = {
    "semantic": 0.3, "emotion": 0.3, "motion": 0.2, "cuts": 0.2, "place": 0.1, "beat": 0.2, "affect": 0.6,
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How the weights are made; kept beside them.

    Attributes:
        epochs, batch, rate, decay: of AdamW with a one-cycle rate.
        window: longest piece of a song, steps.
        stretch: largest logarithm of a stretch in time; `stretched` is how often one is made.
        levels, tune, allowed: weights of the losses beside the chords'.
        untold_levels, untold_tune: how often the music's own past levels and tune are hidden.
        others: songs of other corpora than MuVi-Sync for one of its own.
        patience: epochs without a better validation before it stops.
        seed: of everything drawn.
    """

    epochs: int = 40
    batch: int = 16
    rate: float = 1.5e-3
    decay: float = 0.05
    window: int = 256
    stretch: float = 0.3
    stretched: float = 0.7
    levels: float = 0.1
    tune: float = 0.1
    allowed: float = 0.02
    untold_levels: float = 0.4
    untold_tune: float = 0.3
    others: float = 0.5
    patience: int = 8
    seed: int = 0


def train(
    data: Path,
    out: Path,
    *,
    config: Config = Config(),  # noqa: B008 (frozen)
    recipe: Recipe = Recipe(),
    online: bool = False,
    tell: Callable[[str], None] = print,
) -> Path:
    """Train, or go on from the checkpoint in `out`.

    Args:
        data: a folder of prepared corpora (`*.safetensors`), MuVi-Sync's among them.
        out: a folder for checkpoints, the log (`log.jsonl`) and the weights.
        config: the model's size.
        recipe: how.
        online: send the curves to wandb; kept beside the weights if not.
        tell: called with one line an epoch.

    Returns:
        The weights of the best epoch.

    Raises:
        CorpusError: if there is nothing to train on, or the checkpoint is another model's.
        CheckpointError: if the checkpoint is damaged, or the folder cannot be made.
        MissingWandbError: if the curves are to be sent and wandb is not installed.
    """
    songs = [
        song for path in sorted(data.glob("*.safetensors")) for song in read_corpus(path) if len(song) > 1
    ]
    pictured = [song for song in songs if song.corpus == "muvi_sync"]
    own, check = (
        [s for s in pictured if s.split == split] or [s for s in songs if s.split == split]
        for split in ("train", "val")
    )
    others = [s for s in songs if s.split == "train" and s.corpus != own[0].corpus] if own else []
    if not own or not check:
        raise CorpusError(f"{data} holds no prepared corpus with songs to train on and to check with")
    made_folder(out)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe.seed)
    model = AffectiveTransformer(config)
    fit(model.outlook, own)
    model = model.to(device)
    own = cross_fitted(own)
    optimiser = torch.optim.AdamW(
        model.parameters(), recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.decay
    )
    an_epoch = math.ceil(len(own) * (1 + recipe.others * bool(others)) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * an_epoch, pct_start=0.1
    )
    first, best, waited = 0, math.inf, 0
    if (out / CHECKPOINT).exists():
        kept = read_checkpoint(out / CHECKPOINT, device)
        if kept["config"] != asdict(config) or kept["recipe"] != asdict(recipe):
            raise CorpusError(f"{out / CHECKPOINT} is of another recipe; train in another folder")
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        torch.set_rng_state(kept["random"][0].cpu())
        if device.type == "cuda" and len(kept["random"]) > 1:
            torch.cuda.set_rng_state(kept["random"][1].cpu())
        first, best, waited = kept["epoch"], kept["best"], kept["waited"]
    with training_log(out, "v2m-affective", {**asdict(config), **asdict(recipe)}, online) as log:
        for epoch in range(first, recipe.epochs):
            if waited >= recipe.patience:
                break
            began = time.monotonic()
            rng = np.random.default_rng([recipe.seed, epoch])
            model.train()
            losses = []
            for some in _batches(own, others, recipe, rng, an_epoch):
                with _precision(device):
                    loss = _loss(model, some, recipe, device)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                losses.append(float(loss.detach()))
            scores = score(model.eval(), check)
            row = {
                "epoch": epoch + 1,
                "loss": float(np.mean(losses)),
                **scores.plain(),
                "seconds": time.monotonic() - began,
            }
            log(row)
            tell(", ".join(f"{k} {v:.4g}" for k, v in row.items()))
            waited = 0 if scores.nats < best else waited + 1
            if scores.nats < best:
                best = scores.nats
                told = {"recipe": asdict(recipe), "epoch": epoch + 1, "validation": scores.plain()}
                write_weights(out / WEIGHTS, [model], told)
            write_checkpoint(
                out / CHECKPOINT,
                {
                    "config": asdict(config),
                    "recipe": asdict(recipe),
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "random": [torch.get_rng_state()]
                    + ([torch.cuda.get_rng_state()] if device.type == "cuda" else []),
                    "epoch": epoch + 1,
                    "best": best,
                    "waited": waited,
                },
            )
    return out / WEIGHTS


def _batches(
    own: Sequence[Song], others: Sequence[Song], recipe: Recipe, rng: np.random.Generator, batches: int
) -> Iterator[tuple[Senses, tuple[Step, Step], Tensor, Tensor]]:
    """An epoch: every song of its own corpus once, and some of the others, of like length together."""
    drawn = list(own)
    if others:
        drawn += [others[i] for i in rng.choice(len(others), batches * recipe.batch - len(own))]
    windows = sorted((_window(song, recipe, rng) for song in drawn), key=len)
    groups = [windows[i : i + recipe.batch] for i in range(0, len(windows), recipe.batch)]
    for i in rng.permutation(len(groups)):
        senses, music, theirs = batch(groups[i])
        nothing = torch.zeros(1, len(PICTURE), SAID)
        outlook = torch.nn.utils.rnn.pad_sequence(
            [nothing if song.outlook is None else song.outlook for song in groups[i]], batch_first=True
        )
        outlook = torch.nn.functional.pad(outlook, (0, 0, 0, 0, 0, theirs.shape[1] - outlook.shape[1]))
        yield _untold(senses, rng), _unknown(music, recipe, rng), theirs, outlook


def _window(song: Song, recipe: Recipe, rng: np.random.Generator) -> Song:
    """A piece of a song, perhaps stretched; then nobody says any more where its bars are."""
    factor = (
        math.exp(rng.uniform(-recipe.stretch, recipe.stretch)) if rng.random() < recipe.stretched else 1.0
    )
    steps = max(int(len(song) * factor), 2)
    first = int(rng.integers(0, max(steps - recipe.window, 0) + 1))
    at = (torch.arange(first, min(first + recipe.window, steps)) + float(rng.random())) / factor
    piece = song.take(at.long().clamp(max=len(song) - 1))
    if factor == 1.0 or song.corpus == "muvi_sync":
        return piece
    return replace(piece, values={n: v for n, v in piece.values.items() if n != "beat"})


def _untold(senses: Senses, rng: np.random.Generator) -> Senses:
    heard = {
        name: there & torch.from_numpy(rng.random((len(there), 1)) >= UNTOLD[name])
        for name, there in senses.heard.items()
    }
    corpus = torch.where(torch.from_numpy(rng.random(len(senses.corpus)) < 0.1), 0, senses.corpus)
    return Senses(senses.values, heard, corpus)


def _unknown(music: Step, recipe: Recipe, rng: np.random.Generator) -> tuple[Step, Step]:
    """What is told of the music's past, and what is to be foretold."""
    songs = len(music.chords)
    levels, tune = (
        torch.from_numpy(rng.random((songs, 1)) < share)
        for share in (recipe.untold_levels, recipe.untold_tune)
    )
    told = Step(
        music.chords,
        torch.where(levels[..., None], torch.nan, music.levels),
        torch.where(tune, -1, music.tune),
    )
    return told, music


def _loss(model: AffectiveTransformer, some: Any, recipe: Recipe, device: torch.device) -> Tensor:
    senses, (told, music), theirs, outlook = some
    senses, told, music = (part.to(device) for part in (senses, told, music))
    ahead = theirs[:, 1:].to(device)
    foretold: Foretold = model(senses, told, outlook.to(device))
    chords = -foretold.chords.gather(-1, music.chords[:, 1:, None])[..., 0][ahead].mean()
    levels = music.levels[:, 1:]
    known = ~levels.isnan() & ahead[..., None]
    miss = (torch.where(known, levels, 0.0) - foretold.levels) ** 2
    surprise = 0.5 * miss * torch.exp(-2 * foretold.spread) + foretold.spread
    tune = music.tune[:, 1:]
    sung = (tune >= 0) & ahead
    tunes = -foretold.tune.gather(-1, tune.clamp(min=0)[..., None])[..., 0]
    return (
        chords
        + recipe.levels * _mean(surprise, known)
        + recipe.tune * _mean(tunes, sung)
        + recipe.allowed * _forbidden(foretold, senses, ahead)
    )


def _forbidden(foretold: Foretold, senses: Senses, ahead: Tensor) -> Tensor:
    """How much of the odds goes to qualities that a sure feeling does not allow."""
    emotion = senses.values["emotion"][:, 1:]
    sure, which = surely_felt(emotion)
    sure = sure & senses.heard["emotion"][:, 1:] & ahead
    allowed = ALLOWED_WORDS.to(emotion.device)[which]
    share = (foretold.chords.exp() * allowed).sum(-1).clamp(1e-4, 1)
    return _mean(-share.log(), sure)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)


def _precision(device: torch.device) -> AbstractContextManager[Any]:
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()
