"""Frames → what the picture means: CLIP embeddings once a second, and how well words fit them.

Radford et al. (2021), "Learning Transferable Visual Models From Natural Language Supervision",
run by open_clip from weights that are on this machine; nothing is fetched here. The words are in
`prompts/`; the six emotions are those of Video2Music (Kang, Poria & Herremans 2024).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import MissingModelError
from encoders.frames import FrameBatch
from encoders.stream import Stream

PROMPTS = Path(__file__).parent / "prompts"
HOW_TO_GET = "`v2m models pull clip` fetches the model that sees them (605 MB)"

_RATE_HZ = 1.0
# A frame this much before its second counts for it: containers round times to milliseconds.
_SLACK_S = 0.01
_BATCH = 8
# A picture darker and flatter than this is black: it has no meaning to read.
_BLACK_MEAN = 10.0
_BLACK_SPREAD = 6.0


@dataclass(frozen=True)
class ClipModel:
    """An image-text model on this machine.

    Attributes:
        name: the architecture, as open_clip calls it (`ViT-B-32`).
        weights: its checkpoint, `.safetensors` or `.pt`.
        cache: a folder in which the prompts' embeddings may be kept, so that the text half of
            the model runs once; None keeps nothing.
    """

    name: str
    weights: Path
    cache: Path | None = None


@dataclass(frozen=True)
class PromptGroup:
    """Labels that exclude one another.

    Attributes:
        name: what they say of the picture: mood, genre, ….
        labels: their names.
        texts: for each label, its prompts; as many for each.
    """

    name: str
    labels: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]


def load_prompts(path: Path) -> tuple[PromptGroup, ...]:
    """The prompt groups of a JSON file: `groups` → name → `templates` and `labels` → phrase."""
    groups = json.loads(path.read_text(encoding="utf-8"))["groups"]
    return tuple(
        PromptGroup(
            name,
            tuple(entry["labels"]),
            tuple(
                tuple(template.format(phrase) for template in entry["templates"])
                for phrase in entry["labels"].values()
            ),
        )
        for name, entry in groups.items()
    )


def zero_shot(
    images: NDArray[np.float32], texts: Sequence[NDArray[np.float32]], scale: float
) -> NDArray[np.float32]:
    """How well each label fits each picture, by softmax within its group.

    Args:
        images: unit-norm `[T, D]`.
        texts: a group's unit-norm label embeddings each, `[L, D]`.
        scale: the model's logit scale, as it was trained.

    Returns:
        float32 `[T, ΣL]`; each group's columns sum to 1.
    """
    groups = []
    for labels in texts:
        logits = scale * images.astype(np.float64) @ labels.T.astype(np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        groups.append(odds / odds.sum(axis=1, keepdims=True))
    return np.concatenate(groups, axis=1).astype(np.float32)


class SemanticsSense:
    """Reads the meaning of one picture a second.

    Gives `semantics` (embeddings), `labels` (moods, genres, places, activities) and `emotion`.

    Args:
        model: what to run; None gives masked streams and a note on how to get one.
    """

    name = "semantics"

    def __init__(self, model: ClipModel | None) -> None:
        self.notes: list[str] = []
        self._groups = load_prompts(PROMPTS / "zero_shot.json")
        self._emotions = load_prompts(PROMPTS / "emotion.json")
        self._model = model
        self._due_s = 0.0
        self._times: list[float] = []
        self._black: list[bool] = []
        self._waiting: list[NDArray[np.uint8]] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._loading: Future[_Reader] | None = None
        self._reader: _Reader | None = None
        if model is None:
            self.notes.append(f"Moods, places and activities were not read from the picture: {HOW_TO_GET}.")
        else:
            # Loaded while the decoder starts.
            pool = ThreadPoolExecutor(1, thread_name_prefix="clip")
            self._loading = pool.submit(_Reader, model)
            pool.shutdown(wait=False)

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            if time_s < self._due_s:
                continue
            self._due_s = (math.floor((time_s + _SLACK_S) * _RATE_HZ) + 1) / _RATE_HZ - _SLACK_S
            self._times.append(time_s)
            if self._loading is not None:
                self._black.append(bool(rgb.mean() < _BLACK_MEAN and rgb.std() < _BLACK_SPREAD))
                self._waiting.append(rgb.copy())
                if len(self._waiting) >= _BATCH:
                    self._embed()

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        self._embed()
        times_s = np.asarray(self._times, np.float64)
        if self._reader is None or not self._embeddings:
            source = "no model"
            return [
                Stream.silent("semantics", (), "unit-norm embedding", source, times_s),
                Stream.silent(
                    "labels", _columns(self._groups), "probability within a group", source, times_s
                ),
                Stream.silent("emotion", self._emotions[0].labels, "probability", source, times_s),
            ]
        reader = self._reader
        images = np.concatenate(self._embeddings)
        mask = ~np.asarray(self._black)
        embeddings = np.where(mask[:, None], images, np.float32(0))
        texts = reader.texts((*self._groups, *self._emotions))
        count = len(self._groups)

        def scores(chosen: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
            return np.where(mask[:, None], zero_shot(images, chosen, reader.scale), np.float32(0))

        columns = tuple(f"e{axis}" for axis in range(images.shape[1]))
        unit, shares, source = "unit-norm embedding", "probability within a group", reader.source
        return [
            Stream("semantics", times_s, embeddings, mask, columns, unit, source),
            Stream("labels", times_s, scores(texts[:count]), mask, _columns(self._groups), shares, source),
            Stream("emotion", times_s, scores(texts[count:]), mask, self._emotions[0].labels, shares, source),
        ]

    def _embed(self) -> None:
        """Embed the pictures that wait."""
        if self._loading is None or not self._waiting:
            return
        if self._reader is None:
            try:
                self._reader = self._loading.result()
            except MissingModelError as error:
                self._loading, self._waiting = None, []
                self.notes.append(f"Moods, places and activities were not read from the picture: {error}.")
                return
        self._embeddings.append(self._reader.images(self._waiting))
        self._waiting = []


def _columns(groups: Sequence[PromptGroup]) -> tuple[str, ...]:
    return tuple(f"{group.name}:{label}" for group in groups for label in group.labels)


class _Reader:
    """A loaded model.

    Raises:
        MissingModelError: one line, if the weights aren't there or aren't that model's.
    """

    def __init__(self, model: ClipModel) -> None:
        if not model.weights.is_file():
            raise MissingModelError(f"{model.weights}: no such file; {HOW_TO_GET}")
        from encoders._compat import mend_torchvision

        mend_torchvision()
        import open_clip
        from safetensors import SafetensorError

        try:
            # Requires the weights: open_clip's other ways in go on with random ones.
            self._model, self._prepare = open_clip.create_model_from_pretrained(
                model.name, pretrained=str(model.weights), device="cpu"
            )
        except (
            SafetensorError,
            UnpicklingError,
            RuntimeError,
            ValueError,
            KeyError,
            EOFError,
            OSError,
        ) as error:
            raise MissingModelError(
                f"{model.weights} cannot be loaded as {model.name}; delete it, then {HOW_TO_GET}"
            ) from error
        self._model.eval()
        self._tokenize = open_clip.get_tokenizer(model.name)
        self._clip = model
        self.scale = float(self._model.logit_scale.detach().exp())
        self.source = f"open_clip {open_clip.__version__} {model.name} {model.weights.name}"

    def images(self, rgb: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Unit-norm embeddings `[N, D]` of uint8 `[H, W, 3]` pictures."""
        import torch
        from PIL import Image

        with torch.inference_mode():
            pixels = torch.stack([self._prepare(Image.fromarray(picture)) for picture in rgb])
            return _array(self._model.encode_image(pixels, normalize=True))

    def texts(self, groups: Sequence[PromptGroup]) -> list[NDArray[np.float32]]:
        """Unit-norm label embeddings `[L, D]` of each group, out of the cache where they are in it."""
        kept = self._cache_file(groups)
        if kept is not None and kept.is_file():
            try:
                with np.load(kept, allow_pickle=False) as arrays:
                    return [arrays[group.name] for group in groups]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                with contextlib.suppress(OSError):
                    kept.unlink()
        texts = [self._label_directions(group) for group in groups]
        if kept is not None:
            _keep(kept, {group.name: array for group, array in zip(groups, texts, strict=True)})
        return texts

    def _label_directions(self, group: PromptGroup) -> NDArray[np.float32]:
        import torch
        from einops import rearrange, reduce

        with torch.inference_mode():
            tokens = self._tokenize([text for texts in group.texts for text in texts])
            each = self._model.encode_text(tokens, normalize=True)
            by_label = rearrange(each, "(label prompt) d -> label prompt d", label=len(group.labels))
            mean = reduce(by_label, "label prompt d -> label d", "mean")
            return _array(torch.nn.functional.normalize(mean, dim=-1))

    def _cache_file(self, groups: Sequence[PromptGroup]) -> Path | None:
        if self._clip.cache is None:
            return None
        stat = self._clip.weights.stat()
        what = json.dumps([self._clip.name, stat.st_size, stat.st_mtime_ns, [g.texts for g in groups]])
        return self._clip.cache / f"prompts-{hashlib.sha256(what.encode()).hexdigest()[:16]}.npz"


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(tensor.float().numpy(), np.float32)


def _keep(path: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    """Write `arrays` whole or not at all; a cache that cannot be written to is no matter."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
