"""The real open_clip code on a tiny model whose random weights are stored and loaded like real ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.frames import FrameBatch
from encoders.semantics import PROMPTS, ClipModel, SemanticsSense, load_prompts, zero_shot
from encoders.stream import Stream
from tests.conftest import TINY_CLIP

NAME = TINY_CLIP


def pictures(duration_s: float, rate: float = 30.0, seed: int = 0) -> list[FrameBatch]:
    """A blotchy picture that is another one every second, and black in second 3."""
    rng = np.random.default_rng(seed)
    looks = np.kron(rng.integers(20, 235, (10, 6, 8, 3)), np.ones((1, 12, 12, 1))).astype(np.uint8)
    looks[3] = 0
    times_s = np.arange(round(duration_s * rate)) / rate
    return [
        FrameBatch(part, looks[(part + 1e-6).astype(int)])
        for part in np.split(times_s, range(24, len(times_s), 24))
    ]


def look(batches: list[FrameBatch], model: ClipModel | None) -> tuple[Mapping[str, Stream], list[str]]:
    sense = SemanticsSense(model)
    for batch in batches:
        sense.see(batch)
    return {stream.name: stream for stream in sense.finish({})}, sense.notes


@pytest.fixture(scope="module")
def seen(tiny: ClipModel) -> Mapping[str, Stream]:
    streams, notes = look(pictures(9.5), tiny)
    assert notes == []
    return streams


def test_one_embedding_a_second_of_unit_length(seen: Mapping[str, Stream]) -> None:
    stream = seen["semantics"]
    np.testing.assert_allclose(stream.times_s, np.arange(10), atol=1e-9)
    assert stream.columns == tuple(f"e{axis}" for axis in range(32))
    np.testing.assert_array_equal(stream.mask, np.arange(10) != 3)
    np.testing.assert_allclose(np.linalg.norm(stream.values[stream.mask], axis=1), 1, atol=1e-5)


def test_times_are_those_of_the_frames_that_were_read(tiny: ClipModel) -> None:
    times_s = np.array([0.0, 0.4, 0.95, 1.3, 3.7, 3.9, 4.2, 5.0])
    rgb = np.random.default_rng(1).integers(0, 255, (8, 40, 60, 3)).astype(np.uint8)
    streams, _ = look([FrameBatch(times_s, rgb)], tiny)
    np.testing.assert_array_equal(streams["semantics"].times_s, [0.0, 1.3, 3.7, 4.2, 5.0])


def test_embeddings_are_open_clips_own(open_clip: Any, tiny: ClipModel, seen: Mapping[str, Stream]) -> None:
    import torch
    from PIL import Image

    model, prepare = open_clip.create_model_from_pretrained(NAME, pretrained=str(tiny.weights))
    model.eval()
    first = pictures(1)[0].rgb[0]
    with torch.inference_mode():
        own = model.encode_image(prepare(Image.fromarray(first))[None])[0].numpy()
    np.testing.assert_allclose(seen["semantics"].values[0], own / np.linalg.norm(own), atol=1e-5)


def test_labels_are_the_models_own_odds(open_clip: Any, tiny: ClipModel, seen: Mapping[str, Stream]) -> None:
    import torch

    model, _ = open_clip.create_model_from_pretrained(NAME, pretrained=str(tiny.weights))
    tokenize = open_clip.get_tokenizer(NAME)
    entry = json.loads((PROMPTS / "emotion.json").read_text())["groups"]["emotion"]
    directions = []
    with torch.inference_mode():
        for phrase in entry["labels"].values():
            each = model.encode_text(tokenize([t.format(phrase) for t in entry["templates"]]))
            mean = (each / each.norm(dim=-1, keepdim=True)).mean(dim=0)
            directions.append(mean / mean.norm())
        image = torch.from_numpy(seen["semantics"].values[:1])
        odds = (model.logit_scale.exp() * image @ torch.stack(directions).T).softmax(dim=-1)[0]
    np.testing.assert_allclose(seen["emotion"].values[0], odds.numpy(), atol=1e-5)
    assert seen["emotion"].columns == ("exciting", "fearful", "tense", "sad", "relaxing", "neutral")


def test_each_group_shares_one(seen: Mapping[str, Stream]) -> None:
    labels = seen["labels"]
    groups = {column.split(":")[0] for column in labels.columns}
    assert groups == {"mood", "genre", "place", "activity"}
    for group in groups:
        shares = labels.values[:, [column.startswith(f"{group}:") for column in labels.columns]]
        np.testing.assert_allclose(shares[labels.mask].sum(axis=1), 1, atol=1e-5)
        assert (shares[~labels.mask] == 0).all()


def test_the_same_again_is_the_same_and_another_picture_is_not(
    tiny: ClipModel, seen: Mapping[str, Stream]
) -> None:
    again, _ = look(pictures(9.5), tiny)
    other, _ = look(pictures(9.5, seed=5), tiny)
    for name in seen:
        np.testing.assert_array_equal(again[name].values, seen[name].values)
    closeness = (other["semantics"].values[0] * seen["semantics"].values[0]).sum()
    assert closeness < 0.999


def test_prompt_embeddings_are_kept_and_used(tiny: ClipModel, tmp_path: Path) -> None:
    model = ClipModel(tiny.name, tiny.weights, cache=tmp_path / "kept")
    first, _ = look(pictures(2), model)
    (kept,) = (tmp_path / "kept").iterdir()
    with np.load(kept) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    again, _ = look(pictures(2), model)
    np.testing.assert_array_equal(first["labels"].values, again["labels"].values)
    # That it is read, and not made again, shows when it says something else.
    stored["emotion"] = np.roll(stored["emotion"], 1, axis=0)
    np.savez(kept, **stored)
    turned, _ = look(pictures(2), model)
    np.testing.assert_allclose(
        turned["emotion"].values, np.roll(first["emotion"].values, 1, axis=1), atol=1e-6
    )
    whole = kept.read_bytes()
    for spoilt in (b"not an archive", whole[: len(whole) // 2], whole[:-100], b""):
        kept.write_bytes(spoilt)
        mended, _ = look(pictures(2), model)
        np.testing.assert_array_equal(first["labels"].values, mended["labels"].values)
        assert len(kept.read_bytes()) == len(whole)


def cut_short(path: Path, weights: bytes) -> None:
    path.write_bytes(weights[: len(weights) // 2])


def noise(path: Path, weights: bytes) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(len(weights)))


def empty(path: Path, weights: bytes) -> None:
    path.write_bytes(b"")


def nothing(path: Path, weights: bytes) -> None:
    """Leave the path without a file."""


@pytest.mark.parametrize("spoil", [cut_short, noise, empty, nothing])
@pytest.mark.parametrize("ending", [".safetensors", ".pt"])
def test_spoilt_weights_give_masked_streams_and_one_sentence(
    open_clip: Any, tiny: ClipModel, tmp_path: Path, spoil: Any, ending: str
) -> None:
    weights = tmp_path / f"spoilt{ending}"
    spoil(weights, tiny.weights.read_bytes())
    streams, notes = look(pictures(2), ClipModel(NAME, weights))
    assert len(notes) == 1
    assert "\n" not in notes[0]
    assert weights.name in notes[0]
    assert "v2m models pull clip" in notes[0]
    assert not any(stream.says_something for stream in streams.values())


def test_weights_of_another_model_are_refused(open_clip: Any, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"visual.proj": torch.zeros(4, 4)}, tmp_path / "other.safetensors")
    streams, notes = look(pictures(2), ClipModel(NAME, tmp_path / "other.safetensors"))
    assert len(notes) == 1
    assert not streams["labels"].says_something


def test_no_model_gives_masked_streams_and_says_how_to_get_one() -> None:
    streams, notes = look(pictures(3), None)
    assert notes == [
        "Moods, places and activities were not read from the picture: "
        "`v2m models pull clip` fetches the model that sees them (605 MB)."
    ]
    assert [stream.name for stream in streams.values()] == ["semantics", "labels", "emotion"]
    for stream in streams.values():
        assert len(stream) == 3
        assert not stream.says_something
    assert "mood:joyful" in streams["labels"].columns


def test_no_frames_at_all(tiny: ClipModel) -> None:
    streams, _ = look([], tiny)
    assert [len(stream) for stream in streams.values()] == [0, 0, 0]


def test_without_a_model_torch_is_not_imported() -> None:
    program = (
        "import sys; from encoders.semantics import SemanticsSense; s = SemanticsSense(None); s.finish({});"
        "assert not {'torch', 'open_clip', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_prompts_are_several_to_a_label() -> None:
    groups = (*load_prompts(PROMPTS / "zero_shot.json"), *load_prompts(PROMPTS / "emotion.json"))
    for group in groups:
        assert len(set(group.labels)) == len(group.labels) >= 6
        assert len(group.texts) == len(group.labels)
        for texts in group.texts:
            assert len(set(texts)) >= 3
            assert not any("{" in text for text in texts)


def test_zero_shot_by_hand() -> None:
    images: NDArray[np.float32] = np.array([[1, 0], [0.6, 0.8]], np.float32)
    group: NDArray[np.float32] = np.array([[1, 0], [0, 1]], np.float32)
    odds = zero_shot(images, [group], scale=2.0)
    np.testing.assert_allclose(odds[0], np.exp([2, 0]) / np.exp([2, 0]).sum(), rtol=1e-6)
    np.testing.assert_allclose(odds[1], np.exp([1.2, 1.6]) / np.exp([1.2, 1.6]).sum(), rtol=1e-6)
