"""Prepared corpora of sound → the codec's weights. `v2m train codec --data FOLDER`

One readable loop in plain PyTorch: windows of rendered music, some of them two pieces beat on beat, go
through the codec and are compared. The waveform without its hiss (its error, its lapped numbers) teaches what
the codes tell; log-mel spectrograms of the whole teach levels, the hiss's among them; the quantiser commits.
Then encoder and books are done, so that what the codes mean can be relied on while the generator is trained,
and the decoder alone goes on against critics, with a hinge loss and feature matching. A GPU is used where
there is one, in half precision.
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
from generators.vqgan.codec import Codec, CodecConfig, compressed, write_codec
from generators.vqgan.codec_critics import CodecCritics
from generators.vqgan.codec_start import start
from generators.vqgan.corpus import Piece, SoundCorpusError, read_pieces
from generators.vqgan.mel import SCALES, log_error, mel_distance, si_sdr
from generators.vqgan.mixup import beat_mixup
from generators.vqgan.model import critics_loss, makers_loss

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "codec.safetensors"
CHECKED = 32  # windows of the validation pieces
HEARD_FIRST = 400  # windows of the training pieces that the beginning is made of
QUIETEST_DB = -24.0  # a window is played between this and its own level


@dataclass(frozen=True)
class CodecRecipe:
    """How the weights are made; kept beside them.

    Attributes:
        steps, batch, frames: how many steps of how many windows of how many frames.
        rate: the learning rate; it rises over `warm` steps, falls over the last `cooling` of what comes
            before the critics, begins with them at `again` of itself and falls to nothing.
        critics_rate: the critics' own, which falls to nothing too.
        mixed: how often a window is of two pieces.
        judged_from: after which share of the steps the critics have a say, and only the decoder learns.
        judged: of how many windows of a batch they are asked about a half.
        scales: how many of the spectrogram's scales, drawn anew at each step, are listened to.
        mel, roots, wave, books, fooled, alike: weights of the losses.
        check_every: steps between two looks at the validation pieces, and two checkpoints.
        seed: of everything drawn.
    """

    steps: int = 3000
    batch: int = 6
    frames: int = 44
    rate: float = 3e-4
    warm: int = 100
    cooling: float = 0.4
    again: float = 0.4
    critics_rate: float = 1e-3
    mixed: float = 0.3
    judged_from: float = 0.6
    judged: int = 3
    scales: int = 3
    mel: float = 1.0
    roots: float = 0.7
    wave: float = 0.3
    books: float = 0.3
    fooled: float = 0.1
    alike: float = 0.3
    check_every: int = 100
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate's share at a step."""
        first = round(self.judged_from * self.steps)
        if step >= first:
            return self.again * (self.steps - step) / max(self.steps - first, 1)
        return min((step + 1) / self.warm, 1.0, (first - step) / max(self.cooling * first, 1.0))


def train_codec(
    data: Path,
    out: Path,
    *,
    config: CodecConfig = CodecConfig(),  # noqa: B008 (frozen)
    recipe: CodecRecipe = CodecRecipe(),
    online: bool = False,
    minutes: float = math.inf,
    tell: Callable[[str], None] = print,
) -> Path:
    """Train, or go on from the checkpoint in `out`, for which more or fewer steps may be asked than before.

    Args:
        data: a folder of prepared corpora (`*.safetensors`).
        out: a folder for checkpoints, the log (`log.jsonl`) and the weights, both renewed at each check.
        config: the codec's size.
        recipe: how.
        online: send the curves to wandb; kept beside the weights if not.
        minutes: stop at the next check after so long; the training can be gone on with.
        tell: called with one line a check.

    Returns:
        The weights.

    Raises:
        SoundCorpusError: if there is nothing to train on or to check with, or the checkpoint is another's.
        CheckpointError: if the checkpoint is damaged, or the folder cannot be made.
        MissingWandbError: if the curves are to be sent and wandb is not installed.
    """
    samples = recipe.frames * config.hop
    pieces = [piece for path in sorted(data.glob("*.safetensors")) for piece in read_pieces(path)]
    split = {
        name: [piece for piece in pieces if piece.split == name and len(piece.sound) > samples]
        for name in ("train", "val")
    }
    if not split["train"] or not split["val"]:
        raise SoundCorpusError(f"{data} holds no prepared corpus with music to train on and to check with")
    out = made_folder(out)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(recipe.seed)
    codec, critics = Codec(config).to(device), CodecCritics().to(device)
    maker = torch.optim.AdamW(
        codec.parameters(), recipe.rate, betas=(0.8, 0.98), weight_decay=1e-3, fused=True
    )
    judge = torch.optim.AdamW(critics.parameters(), recipe.critics_rate, betas=(0.8, 0.98), fused=True)
    parts: dict[str, Any] = {"codec": codec, "critics": critics, "maker": maker, "judge": judge}
    settings = {"config": asdict(config), "recipe": {**asdict(recipe), "steps": None}}
    step = 0
    if (out / CHECKPOINT).exists():
        kept = read_checkpoint(out / CHECKPOINT, device)
        if kept["settings"] != settings:
            raise SoundCorpusError(f"{out / CHECKPOINT} is of another recipe; train in another folder")
        for name, part in parts.items():
            part.load_state_dict(kept[name])
        step = kept["step"]
    else:
        heard = _windows(
            split["train"], HEARD_FIRST, samples, 0.0, torch.Generator().manual_seed(recipe.seed)
        )
        start(codec, heard.to(device), recipe.batch * recipe.frames)
    began, losses = time.monotonic(), Means()
    used = torch.zeros(codec.books, codec.size, dtype=torch.bool, device=device)
    checked = _windows(split["val"], CHECKED, samples, 0.0, torch.Generator().manual_seed(0)).to(device)
    with training_log(out, "v2m-codec", {**settings, "steps": recipe.steps}, online) as log:
        while step < recipe.steps:
            # Each step draws anew from its own number, so that a training gone on with is the same training.
            torch.manual_seed(recipe.seed * 1_000_003 + step)
            rng = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
            wave = _windows(split["train"], recipe.batch, samples, recipe.mixed, rng).to(device)
            maker.param_groups[0]["lr"] = recipe.rate * recipe.rate_at(step)
            judge.param_groups[0]["lr"] = recipe.critics_rate * recipe.rate_at(step) / recipe.again
            judging = step >= recipe.judged_from * recipe.steps
            terms, codes = _step(codec, critics, maker, judge, wave, recipe, judging, rng)
            losses.add(**terms)
            used.scatter_(1, codes.transpose(0, 1).flatten(1), True)
            step += 1
            if step % recipe.check_every and step < recipe.steps:
                continue
            row = {"step": step, **losses.take(), **check(codec, checked)}
            row["least_used"] = float(used.float().mean(1).min())  # of the books, of training's windows since
            used.zero_()
            row["minutes"] = (time.monotonic() - began) / 60
            log(row)
            tell(", ".join(f"{name} {value:.4g}" for name, value in row.items()))
            about = {"recipe": asdict(recipe), "step": step, "validation": row}
            write_codec(out / WEIGHTS, codec, about)
            states = {name: part.state_dict() for name, part in parts.items()}
            write_checkpoint(out / CHECKPOINT, {**states, "settings": settings, "step": step})
            if row["minutes"] >= minutes:
                break
    return out / WEIGHTS


def _step(
    codec: Codec,
    critics: CodecCritics,
    maker: torch.optim.Optimizer,
    judge: torch.optim.Optimizer,
    wave: Tensor,
    recipe: CodecRecipe,
    judging: bool,
    rng: torch.Generator,
) -> tuple[dict[str, Tensor], Tensor]:
    """One step of the codec, and of the critics if they are asked: the losses, and what codes were chosen."""
    if judging:
        codec.encoder.requires_grad_(False)
        codec.quantiser.eval()
    heard = codec(wave)
    drawn = torch.randperm(len(SCALES), generator=rng)[: recipe.scales].tolist()
    scales = tuple(SCALES[i] for i in drawn)
    terms = {
        "mel": mel_distance(heard.wave, wave, codec.sample_rate, scales),
        "roots": _apart(codec, heard.known, wave),
        "wave": log_error(heard.known, wave).mean(),
        "books": heard.quantised.loss,
    }
    if judging:
        length = wave.shape[-1] // 2
        start = int(torch.randint(wave.shape[-1] - length + 1, (1,), generator=rng))
        real, made = (x[: recipe.judged, start : start + length] for x in (wave, heard.wave))
        ours = critics_loss(critics(real), critics(made.detach()))
        judge.zero_grad()
        ours.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(critics.parameters(), 5.0)
        judge.step()
        critics.requires_grad_(False)
        terms["fooled"], terms["alike"] = makers_loss(critics(real), critics(made))
        critics.requires_grad_(True)
    loss = torch.stack([getattr(recipe, name) * term for name, term in terms.items()]).sum()
    maker.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
    maker.step()
    return ({**terms, "critics": ours} if judging else terms), heard.quantised.codes


def _apart(codec: Codec, made: Tensor, wave: Tensor) -> Tensor:
    """How far the compressed lapped numbers are, beside how large they are."""
    ours, theirs = compressed(codec.lapped(made)), compressed(codec.lapped(wave))
    return (ours - theirs).abs().mean() / theirs.abs().mean().clamp(min=1e-3)


@torch.no_grad()
def check(codec: Codec, wave: Tensor) -> dict[str, float]:
    """The same windows of the validation pieces each time."""
    codec.eval()
    heard = codec(wave)
    codec.train()
    return {
        "val_mel": float(mel_distance(heard.wave, wave, codec.sample_rate)),
        "val_sdr": float(si_sdr(heard.wave, wave).mean()),
        "val_sdr_known": float(si_sdr(heard.known, wave).mean()),
    }


def _windows(pieces: Sequence[Piece], count: int, samples: int, mixed: float, rng: torch.Generator) -> Tensor:
    """float32 `[count, samples]`, drawn by how long pieces are, at levels drawn by lot."""
    lengths = torch.tensor([float(len(piece.sound)) for piece in pieces])
    windows = []
    for i in torch.multinomial(lengths, count, replacement=True, generator=rng).tolist():
        piece = pieces[i]
        start = int(torch.randint(len(piece.sound) - samples + 1, (1,), generator=rng))
        cut = None
        if float(torch.rand(1, generator=rng)) < mixed:
            other = pieces[int(torch.multinomial(lengths, 1, generator=rng))]
            cut = beat_mixup(piece, start, samples, other, rng)
        wave = torch.from_numpy(cut if cut is not None else piece.sound[start : start + samples] / 32768.0)
        level_db = QUIETEST_DB * float(torch.rand(1, generator=rng)) ** 2
        windows.append(wave.float() * 10 ** (level_db / 20))
    return torch.stack(windows)
