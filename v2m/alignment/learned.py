"""How alike are the music and the reference, or the music and the picture, to a learned ear?

No model ships with v2m and none is fetched. What pretrained networks say can be used when their
embeddings are given: arrays `[n, d]`, one row a stretch of time, in `.npy` or `.npz` files that the
user has computed with VGGish, CLAP, ImageBind or whatever it may be. Both sides must be of the
same model, and numbers of different models are never put in one column. What needs no weights is measured
always, under a name of its own.

Metrics
-------
* `frechet_audio_distance`: Fréchet distance of the Gaussians through two sets of embeddings
  (Kilgour, Zuluaga, Roblek & Sharifi, "Fréchet audio distance: a reference-free metric for
  evaluating music enhancement algorithms", Interspeech 2019), from given files. It is biased
  upwards for few rows (Gui, Gamper, Braun & Emmanouilidou, ICASSP 2024); both counts are reported.
* `mel_frechet_distance`: the same of levels in mel bands, a row half a second (`mel_statistics`): no
  network, and no FAD. It hears the balance and the dynamics of sound, not what is played.
* `joint_similarity`: mean cosine of the picture's and the music's embeddings at the same time, in
  a space that the two share (ImageBind, or a projection of CLIP and CLAP into one); it is turned
  in time for its chance level.
* `prompt_agreement`: CLIP and CLAP have spaces of their own, and a cosine across them means nothing.
  Through texts that both have embedded it does: how like each prompt the picture is, and how like
  each the music, standardised over prompts; Pearson's correlation of the two.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, measure_curve, undefined
from v2m.alignment.onsets import HOP_S, SAMPLE_RATE, mel_decibels

TASK = "learned"
MEL_BANDS = 32
MEL_ROW_S = 0.5
GIVE = "no network ships: v2m score --help says how to give a pretrained one's embeddings"


class EmbeddingError(V2MError, ValueError):
    """An embedding file cannot be read, or two sets of embeddings do not go together."""


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a model said of stretches of sound, picture or text.

    Attributes:
        rows: float64 `[n, d]`, in order of time.
        model: its name, or "" where the file does not tell.

    Raises:
        EmbeddingError: if the rows are not a finite matrix with something in it.
    """

    rows: NDArray[np.float64]
    model: str = ""

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not self.rows.size or not np.isfinite(self.rows).all():
            raise EmbeddingError(f"embeddings are a finite matrix [n, d], not of shape {self.rows.shape}")


def load_embeddings(path: Path | str) -> Embeddings:
    """Read a `.npy` (the matrix) or a `.npz` (`embeddings`, and `model` if it says whose they are).

    Nothing in the file is executed: pickled arrays are refused.

    Raises:
        EmbeddingError: if there is no such file, or it holds no matrix.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return Embeddings(loaded.astype(np.float64))
        with loaded:
            model = str(loaded["model"]) if "model" in loaded else ""
            return Embeddings(loaded["embeddings"].astype(np.float64), model)
    except KeyError as error:
        raise EmbeddingError(f"{path}: holds no array named embeddings") from error
    except EmbeddingError as error:
        raise EmbeddingError(f"{path}: {error}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise EmbeddingError(f"{path}: cannot be read as .npy or .npz ({error})") from error


def validate(one: Embeddings, other: Embeddings) -> None:
    """Check that two sets lie in one space.

    Raises:
        EmbeddingError: if they differ in dimension, or in the model that both name.
    """
    if one.rows.shape[1] != other.rows.shape[1]:
        raise EmbeddingError(
            f"embeddings of {one.rows.shape[1]} and of {other.rows.shape[1]} dimensions are not comparable"
        )
    if one.model and other.model and one.model != other.model:
        raise EmbeddingError(f"embeddings of {one.model} and of {other.model} are not comparable")


def frechet_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Squared Fréchet distance of the Gaussians through two sets of rows, `[n, d]` and `[m, d]`.

    |μ − ν|² + tr(Σ + T − 2(ΣT)^½). With Σ = AᵀA and T = BᵀB the trace of the root is the sum of the
    singular values of ABᵀ: no root of a product that rounding has made unsymmetric, no imaginary
    part to drop, and no jitter where there are fewer rows than dimensions.

    Raises:
        ValueError: if a set has fewer than two rows, or the dimensions differ.
    """
    if min(len(one), len(other)) < 2 or one.shape[1:] != other.shape[1:]:
        raise ValueError("a Fréchet distance takes two sets of at least two rows of one dimension")
    a, b = _factor(one), _factor(other)
    apart = float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())
    shared = float(np.linalg.svd(a @ b.T, compute_uv=False).sum())
    return max(apart + float((a**2).sum()) + float((b**2).sum()) - 2 * shared, 0.0)


def _factor(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """A of `[min(n, d), d]` with AᵀA the covariance (ddof = 1) of the rows."""
    centred = (rows - rows.mean(axis=0)) / math.sqrt(len(rows) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r"))


def mel_statistics(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sound as levels: mean and deviation (dB) in each of 32 mel bands, every half second, `[n, 64]`.

    Levels are relative to the mean over the whole, so that how loud it was mixed does not count, and
    at most 80 dB below the loudest.

    Args:
        samples: mono `[samples]` at 22,050 Hz.

    Raises:
        ValueError: if the samples are not mono and finite, or last less than half a second.
    """
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("levels are taken of mono, finite samples")
    if len(samples) < MEL_ROW_S * SAMPLE_RATE:
        raise ValueError(f"levels are taken of at least {MEL_ROW_S:g} s of sound")
    level = mel_decibels(samples)
    bands = level.reshape(len(level), MEL_BANDS, -1).mean(axis=2) - level.mean()
    row = round(MEL_ROW_S / HOP_S)
    count = max(len(bands) // row, 1)
    stretches = np.array_split(bands[: count * row], count)
    return np.array([np.concatenate([s.mean(axis=0), s.std(axis=0)]) for s in stretches], dtype=np.float64)


def joint_similarity(picture: NDArray[np.float64], music: NDArray[np.float64]) -> float:
    """Mean cosine of rows at the same time, `[n, d]` and `[m, d]`; a row of noughts is like nothing.

    Where n and m differ, each row of the shorter set is held for its share of the time.
    """
    count = max(len(picture), len(music))
    seen, heard = (_unit(_held(rows, count)) for rows in (picture, music))
    return float((seen * heard).sum(axis=1).mean())


def prompt_agreement(
    picture: NDArray[np.float64],
    picture_prompts: NDArray[np.float64],
    music: NDArray[np.float64],
    music_prompts: NDArray[np.float64],
) -> float:
    """Correlation over prompts of how like each the picture is, and how like each the music.

    Args:
        picture, picture_prompts: `[n, d]` and `[P, d]`, of the model of pictures and texts.
        music, music_prompts: `[m, e]` and `[P, e]`, of the model of sounds and texts.

    Returns:
        −1 to 1; nan where one of them likes all prompts alike.

    Raises:
        ValueError: if there are fewer than three prompts, or not the same number for both.
    """
    if len(picture_prompts) != len(music_prompts) or len(picture_prompts) < 3:
        raise ValueError("both models must have embedded the same prompts, at least three")
    seen = (_unit(picture) @ _unit(picture_prompts).T).mean(axis=0)
    heard = (_unit(music) @ _unit(music_prompts).T).mean(axis=0)
    if np.ptp(seen) < 1e-9 or np.ptp(heard) < 1e-9:
        return math.nan
    return float(np.corrcoef(seen, heard)[0, 1])


def evaluate(
    *,
    music: Embeddings | None = None,
    reference: Embeddings | None = None,
    samples: NDArray[np.float32] | None = None,
    reference_samples: NDArray[np.float32] | None = None,
    picture: Embeddings | None = None,
    joint_music: Embeddings | None = None,
    prompts: tuple[Embeddings, Embeddings, Embeddings, Embeddings] | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Every metric for which there is something; the others say what to give.

    Args:
        music, reference: of the music and of what it is compared with, by one model of sound.
        samples, reference_samples: mono at 22,050 Hz, for the distance that needs no model.
        picture, joint_music: of the picture and of the music, by one model of both.
        prompts: picture and prompts by a model of pictures, music and the same prompts by a model of
            sounds, in this order.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        EmbeddingError: if embeddings are given that do not go together.
    """
    return (
        _frechet(music, reference),
        _mel_frechet(samples, reference_samples),
        _joint(picture, joint_music, shifts, seed),
        _prompts(prompts),
    )


def _frechet(music: Embeddings | None, reference: Embeddings | None) -> Measure:
    name = "frechet_audio_distance"
    if music is None or reference is None:
        return undefined(TASK, name, GIVE, better="lower")
    validate(music, reference)
    if min(len(music.rows), len(reference.rows)) < 2:
        return undefined(TASK, name, "needs at least two embeddings on either side", better="lower")
    model = music.model or reference.model or "a model that the files do not name"
    details = {"rows": len(music.rows), "reference_rows": len(reference.rows), "dim": music.rows.shape[1]}
    distance = frechet_distance(music.rows, reference.rows)
    return Measure(TASK, name, distance, better="lower", details=details, note=f"embeddings of {model}")


def _mel_frechet(music: NDArray[np.float32] | None, reference: NDArray[np.float32] | None) -> Measure:
    name, unit = "mel_frechet_distance", "dB²"
    if music is None or reference is None:
        why = "there is no reference soundtrack to compare with"
        return undefined(TASK, name, why, unit=unit, better="lower")
    if min(len(music), len(reference)) < 2 * MEL_ROW_S * SAMPLE_RATE:
        why = "needs at least a second of sound on either side"
        return undefined(TASK, name, why, unit=unit, better="lower")
    rows, reference_rows = mel_statistics(music), mel_statistics(reference)
    details = {"rows": len(rows), "reference_rows": len(reference_rows), "dim": rows.shape[1]}
    note = "of levels in mel bands, not of a network's embeddings: no FAD"
    return Measure(
        TASK, name, frechet_distance(rows, reference_rows), unit, "lower", details=details, note=note
    )


def _joint(picture: Embeddings | None, music: Embeddings | None, shifts: int, seed: int) -> Measure:
    name = "joint_similarity"
    if picture is None or music is None:
        return undefined(TASK, name, GIVE)
    validate(picture, music)
    # What is turned is which row of the music sounds when.
    when = np.arange(len(music.rows), dtype=np.float64)

    def score(turned: NDArray[np.float64]) -> float:
        return joint_similarity(picture.rows, music.rows[turned.astype(np.int64)])

    note = f"embeddings of {picture.model or music.model or 'a model that the files do not name'}"
    return measure_curve(TASK, name, score, when, shifts=shifts, seed=seed, count=len(when), note=note)


def _prompts(given: tuple[Embeddings, Embeddings, Embeddings, Embeddings] | None) -> Measure:
    name = "prompt_agreement"
    if given is None:
        return undefined(TASK, name, GIVE)
    picture, picture_prompts, music, music_prompts = given
    validate(picture, picture_prompts)
    validate(music, music_prompts)
    try:
        value = prompt_agreement(picture.rows, picture_prompts.rows, music.rows, music_prompts.rows)
    except ValueError as error:
        raise EmbeddingError(str(error)) from error
    count = len(picture_prompts.rows)
    note = "one of the models likes all prompts alike" if math.isnan(value) else ""
    return Measure(TASK, name, value, count=count, note=note)


def _held(rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.asarray(rows[np.arange(count) * len(rows) // count])


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, norm, out=np.zeros_like(rows), where=norm > 1e-12))
