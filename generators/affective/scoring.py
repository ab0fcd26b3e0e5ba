"""A model and songs → how well it foretells them, teacher-forced, by the published definitions.

Hits@k is the share of a song's steps (all but the first) whose chord is among the k likeliest, averaged
over songs; the errors of density and loudness are root mean squares over all steps (Kang, Poria and
Herremans 2023). Nothing is padding, and what the music itself feels like is never told. A song is
measured by itself (`measure`) and songs are summed up afterwards (`summary`), so that whoever wants an
interval draws songs and sums up again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.affective.chord_words import ALLOWED_WORDS, surely_felt
from generators.affective.corpus import Song, batch
from generators.affective.model import AffectiveTransformer, Foretold

KS = (1, 3, 5)
# What a song is measured by. `missed` are sums of squared errors over the `known` steps; `change_*` are
# NaN where no chord changes; `allowed` of the `felt` seconds have a chord that the feeling allows.
COLUMNS = (
    "hits@1", "hits@3", "hits@5", "change_hits@1", "change_hits@3", "change_hits@5", "nats",
    "missed_density", "missed_loudness", "known_density", "known_loudness", "allowed", "felt",
)  # fmt: skip


@dataclass(frozen=True)
class Scores:
    """Attributes: see the module; `change_*` are over the steps on which the chord changes.

    `nats` is the negative log-likelihood of a chord, `correspondence` the share of surely felt seconds
    whose likeliest chord has a quality that the feeling allows. Levels are in deviations. `by_song` has
    a row a song, `COLUMNS`.
    """

    hits: tuple[float, float, float]
    change_hits: tuple[float, float, float]
    nats: float
    density: float
    loudness: float
    correspondence: float
    by_song: NDArray[np.float64] = field(repr=False, compare=False)

    def plain(self) -> dict[str, float]:
        """By name, for a log."""
        out = {f"hits@{k}": v for k, v in zip(KS, self.hits, strict=True)}
        out |= {f"change_hits@{k}": v for k, v in zip(KS, self.change_hits, strict=True)}
        rest = asdict(self)
        return out | {n: rest[n] for n in ("nats", "density", "loudness", "correspondence")}


def score(
    model: AffectiveTransformer | Sequence[AffectiveTransformer],
    songs: Sequence[Song],
    *,
    mask: Sequence[str] = (),
    levels_told: bool = True,
) -> Scores:
    """Score a model, or several whose odds are averaged.

    Args:
        model: in evaluation mode.
        songs: whole, at least one.
        mask: senses that are not told, besides the music's own mood.
        levels_told: whether the past density and loudness of the song are told, or only its picture.
    """
    models = [model] if isinstance(model, AffectiveTransformer) else list(model)
    told = foretell(models, songs, mask=mask, levels_told=levels_told)
    rows = [measure(song, odds, levels) for song, (odds, levels) in zip(songs, told, strict=True)]
    return summary(np.array(rows))


@torch.no_grad()
def foretell(
    models: Sequence[AffectiveTransformer],
    songs: Sequence[Song],
    *,
    mask: Sequence[str] = (),
    levels_told: bool = True,
) -> Iterator[tuple[Tensor, Tensor]]:
    """What models say of every step but the first of each song, teacher-forced.

    Yields:
        A song each, float32 `[time − 1, WORDS]`, log-probabilities, and `[time − 1, 2]`, levels.
    """
    device = next(models[0].parameters()).device
    for song in songs:  # by itself, as a clip is: beside a longer one the encoder would see what is no song
        senses, music, _ = batch([song])
        senses = senses.without("affect", *mask)
        if not levels_told:
            music = music._replace(levels=torch.full_like(music.levels, torch.nan))
        senses, music = senses.to(device), music.to(device)
        told: list[Foretold] = [model(senses, music) for model in models]
        odds = torch.stack([t.chords for t in told]).logsumexp(0) - math.log(len(told))
        yield odds[0].cpu(), torch.stack([t.levels for t in told]).mean(0)[0].cpu()


def measure(song: Song, odds: Tensor, levels: Tensor) -> NDArray[np.float64]:
    """One song, `COLUMNS`.

    Args:
        song: of `time` steps.
        odds: float `[time − 1, WORDS]`, log-probabilities of the chords from the second on; −inf is allowed.
        levels: float `[time − 1, 2]`, density and loudness, in deviations.
    """
    chords = song.music.chords
    target, moved = chords[1:], chords[1:] != chords[:-1]
    own = odds.gather(-1, target[:, None])
    place = (odds > own).sum(-1)
    hit = torch.stack([place < k for k in KS]).double()
    change = hit[:, moved].mean(1)  # NaN without any
    missed = (levels - song.music.levels[1:]).double() ** 2
    known = ~missed.isnan()
    allowed = torch.empty(0)
    if "emotion" in song.values:
        felt, which = surely_felt(song.values["emotion"][1:])
        allowed = ALLOWED_WORDS[which[felt], odds[felt].argmax(-1)]
    return np.array(
        [
            *hit.mean(1).tolist(),
            *change.tolist(),
            -float(own.double().mean()),
            *missed.nansum(0).tolist(),
            *known.sum(0).tolist(),
            float(allowed.sum()),
            len(allowed),
        ]
    )


def summary(rows: NDArray[np.float64]) -> Scores:
    """Songs together.

    Args:
        rows: `[songs, COLUMNS]`.
    """
    values = summed(rows)
    h1, h3, h5, c1, c3, c5, nats, density, loudness, correspondence = (float(v) for v in values)
    return Scores((h1, h3, h5), (c1, c3, c5), nats, density, loudness, correspondence, rows)


def summed(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[..., songs, COLUMNS]` → `[..., 10]`: the fields of `Scores` in order; NaN for what is nowhere."""
    changing = ~np.isnan(rows[..., 3:6])
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(changing, rows[..., 3:6], 0).sum(-2) / changing.sum(-2)
        sums = rows[..., 7:].sum(-2)
        errors = np.sqrt(sums[..., 0:2] / sums[..., 2:4])
        share = sums[..., 4:5] / sums[..., 5:6]
    means = rows.mean(-2)
    return np.concatenate([means[..., :3], change, means[..., 6:7], errors, share], -1)
