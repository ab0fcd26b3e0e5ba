"""Songs → the outlook fitted to them, and what each of them is told while the transformer learns.

A song is told what a fit to the songs of other folds says of it (stacking; Wolpert 1992), so that the
transformer learns to trust the outlook no more than it may be trusted with a clip nobody has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from generators.affective.chord_words import QUALITIES, QUALITY_NUMBERS
from generators.affective.corpus import Song, batch
from generators.affective.outlook import Outlook, averages
from generators.affective.senses import PICTURE

FOLDS = 8
PENALTIES = (0.3, 1.0, 3.0, 10.0)  # of ridge regression, times a feature's mean sum of squares


@torch.no_grad()
def fit(outlook: Outlook, songs: Sequence[Song]) -> Outlook:
    """Fit an outlook to songs with a picture; each sense by itself, since any may be missing."""
    for name in PICTURE:
        seen = [song for song in songs if name in song.values]
        if len(seen) < FOLDS:
            continue
        mean = torch.stack([song.values[name].mean(0) for song in seen]).mean(0)
        clip, step, of_clip, of_step = [], [], [], []
        for song in seen:
            rows = (song.values[name] - mean)[None]
            whole, near = averages(rows, torch.ones_like(rows[..., :1]))
            clip.append(whole[0])
            of_clip.append(character(song))
            levels = song.music.levels
            known = ~levels.isnan().any(-1)
            step.append((near - whole[:, None])[0, known])
            of_step.append((levels - levels.nanmean(0))[known])
        outlook.get_buffer(f"{name}_mean").copy_(mean)
        outlook.get_buffer(f"{name}_clip").copy_(_ridge(torch.stack(clip), _in_deviations(of_clip)))
        outlook.get_buffer(f"{name}_step").copy_(_ridge(torch.cat(step), torch.cat(of_step)))
    return outlook


def character(song: Song) -> Tensor:
    """float32 `[OF_CLIP]` of the song itself; NaN for a level that is unknown."""
    chords = song.music.chords
    quality = QUALITY_NUMBERS[chords]
    shares = [(quality == QUALITIES.index(name)).float().mean() for name in ("maj", "min")]
    pace = (chords[1:] != chords[:-1]).float().mean()
    return torch.stack([*shares, pace, *song.music.levels.nanmean(0)])


def cross_fitted(songs: Sequence[Song]) -> list[Song]:
    """Songs with what a fit to the songs of other folds says of each; those without a picture as they are."""
    seen = [i for i, song in enumerate(songs) if any(name in song.values for name in PICTURE)]
    out = list(songs)
    for fold in range(FOLDS):
        outlook = fit(Outlook(), [songs[i] for k, i in enumerate(seen) if k % FOLDS != fold])
        for i in seen[fold::FOLDS]:
            senses, _, _ = batch([songs[i]])
            out[i] = replace(songs[i], outlook=outlook(senses)[0])
    return out


def _in_deviations(rows: Sequence[Tensor]) -> Tensor:
    values = torch.stack(list(rows))
    values = values - values.nanmean(0)
    return values.nan_to_num() / values.nan_to_num().std(0).clamp(min=1e-6)


def _ridge(x: Tensor, y: Tensor) -> Tensor:
    """float32 `[features, targets]`: each target with the penalty that foretells left-out rows best."""
    parts = list(zip(x.double().tensor_split(FOLDS), y.double().tensor_split(FOLDS), strict=True))
    squares = [(a.T @ a, a.T @ b) for a, b in parts]  # neighbouring steps are left out together
    gram, product = (torch.stack(each).sum(0) for each in zip(*squares, strict=True))
    eye = gram.trace() / len(gram) * torch.eye(len(gram), dtype=gram.dtype)
    missed = torch.zeros(len(PENALTIES), y.shape[1], dtype=torch.float64)
    for (a, b), (own_gram, own_product) in zip(parts, squares, strict=True):
        for i, penalty in enumerate(PENALTIES):
            w = torch.linalg.solve(gram - own_gram + penalty * eye, product - own_product)
            missed[i] += (b - a @ w).square().sum(0)
    found = torch.stack([torch.linalg.solve(gram + penalty * eye, product) for penalty in PENALTIES])
    worth = missed.amin(0) < y.double().square().sum(0)  # a target that is not foretold at all stays 0
    return (found[missed.argmin(0), :, torch.arange(y.shape[1])].T * worth).float()
