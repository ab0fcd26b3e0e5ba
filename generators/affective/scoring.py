"""A model and songs → how well it foretells them, teacher-forced, by the published definitions.

Hits@k is the share of a song's steps (all but the first) whose chord is among the k likeliest, averaged
over songs; the errors of density and loudness are root mean squares over all steps (Kang, Poria and
Herremans 2023). Nothing is padding, and what the music itself feels like is never told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from generators.affective.chord_words import ALLOWED_WORDS, EMOTIONS
from generators.affective.corpus import Song, batch
from generators.affective.model import AffectiveTransformer

KS = (1, 3, 5)
AT_ONCE = 8


@dataclass(frozen=True)
class Scores:
    """Attributes: see the module; `change_*` are over the steps on which the chord changes.

    `nats` is the negative log-likelihood of a chord, `correspondence` the share of surely felt seconds
    whose likeliest chord has a quality that the feeling allows. Levels are in deviations. `by_song` has
    a row a song: hits@1, @3, @5, nats, and the squared errors of both levels.
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


@torch.no_grad()
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
        songs: whole.
        mask: senses that are not told, besides the music's own mood.
        levels_told: whether the past density and loudness of the song are told, or only its picture.
    """
    models = [model] if isinstance(model, AffectiveTransformer) else list(model)
    device = next(models[0].parameters()).device
    rows, changes, felt, errors = [], [], [], []
    for start in range(0, len(songs), AT_ONCE):
        some = songs[start : start + AT_ONCE]
        senses, music, theirs = batch(some)
        senses = senses.without("affect", *mask)
        if not levels_told:
            music = music._replace(levels=torch.full_like(music.levels, torch.nan))
        told = [m(_to(senses, device), type(music)(*(p.to(device) for p in music))) for m in models]
        odds = torch.stack([t.chords for t in told]).logsumexp(0).cpu() - np.log(len(told))
        levels = torch.stack([t.levels for t in told]).mean(0).cpu()
        target = music.chords[:, 1:]
        own = odds.gather(-1, target[..., None])
        rank = (odds > own).sum(-1)
        for i, song in enumerate(some):
            ahead = theirs[i, 1:]
            place, moved = rank[i][ahead], (target[i] != music.chords[i, :-1])[ahead]
            hit = torch.stack([place < k for k in KS]).double()
            miss = (levels[i][ahead] - song.music.levels[1:]) ** 2
            rows.append(
                [*hit.mean(1).tolist(), -float(own[i, :, 0][ahead].double().mean()), *miss.mean(0).tolist()]
            )
            if moved.any():
                changes.append(hit[:, moved].mean(1).tolist())
            errors.append(miss)
            if "emotion" in song.values:
                sure = song.values["emotion"][1:].max(-1)
                known = (sure.values >= 0.8) & (sure.indices != EMOTIONS.index("neutral"))
                best = odds[i][ahead].argmax(-1)
                felt.append(ALLOWED_WORDS[sure.indices[known], best[known]].double())
    by_song = np.array(rows)
    rms = torch.cat(errors).double().nanmean(0).sqrt().tolist()
    h1, h3, h5, nats, *_ = by_song.mean(0).tolist()
    c1, c3, c5 = np.mean(changes, axis=0).tolist() if changes else (0.0, 0.0, 0.0)
    known_felt = torch.cat(felt) if felt else torch.empty(0)
    share = float(known_felt.mean()) if len(known_felt) else float("nan")
    return Scores((h1, h3, h5), (c1, c3, c5), nats, rms[0], rms[1], share, by_song)


def _to(senses, device):  # type: ignore[no-untyped-def]
    if device.type == "cpu":
        return senses
    values = {n: v.to(device) for n, v in senses.values.items()}
    heard = {n: v.to(device) for n, v in senses.heard.items()}
    return type(senses)(values, heard, senses.corpus.to(device))
