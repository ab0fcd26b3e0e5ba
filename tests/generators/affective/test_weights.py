"""Files of weights: members, their hash, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generators.affective.corpus import batch
from generators.affective.model import AffectiveTransformer
from generators.affective.scoring import score
from generators.affective.senses import Senses
from generators.affective.weights import (
    WeightsError,
    join_weights,
    read_about,
    read_weights,
    write_weights,
)
from tests.generators.affective.songs import TINY, songs


def model_of(seed: int, width: int = 32) -> AffectiveTransformer:
    torch.manual_seed(seed)
    return AffectiveTransformer(replace(TINY, width=width)).eval()


def test_a_model_comes_back_in_half_precision_and_its_hash_is_that_of_the_file(tmp_path: Path) -> None:
    model = model_of(0)
    path = tmp_path / "w.safetensors"
    sha256 = write_weights(path, [model], {"seed": 0})
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (read,) = read_weights(path, sha256)
    assert read.config == model.config
    assert not read.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(read.state_dict()[name], tensor.half().float())
    assert read_about(path) == {"seed": 0}


def test_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    hashes = {write_weights(tmp_path / f"{i}", [model_of(0)], {"a": 1, "b": 2}) for i in range(5)}
    assert len(hashes) == 1


def test_joined_members_of_other_sizes_are_averaged(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    for i, path in enumerate(paths):
        write_weights(path, [model_of(i, width=32 + 16 * i)], {"seed": i})
    join_weights(paths[:2], tmp_path / "ab")
    sha256 = join_weights([tmp_path / "ab", paths[2]], tmp_path / "abc")
    members = read_weights(tmp_path / "abc", sha256)
    assert [member.config.width for member in members] == [32, 48, 64]
    assert read_about(tmp_path / "abc") == {"members": [{"seed": 0}, {"seed": 1}, {"seed": 2}]}
    (song,) = songs(count=1, held_out=0)
    senses, music, _ = batch([song])
    with torch.no_grad():
        odds = torch.stack([m(senses.without("affect"), music).chords.exp() for m in members]).mean(0)
    own = odds[0].gather(-1, music.chords[0, 1:, None])
    assert score(members, [song]).nats == pytest.approx(-float(own.log().mean()), rel=1e-5)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "w"
    sha256 = write_weights(path, [model_of(0)], {})
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        read_weights(path, sha256)


@pytest.mark.parametrize("kept", [0, 4, 300, 20_000])
def test_a_file_cut_short_holds_no_weights(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "w"
    write_weights(path, [model_of(0)], {})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WeightsError, match="holds no weights of this model"):
        read_weights(path)


def test_other_tensors_are_not_weights(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(3)}, tmp_path / "w")
    with pytest.raises(WeightsError, match="holds no weights"):
        read_weights(tmp_path / "w")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(tmp_path / "none")


def test_too_large_a_file_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.affective.weights.LARGEST_BYTES", 50_000)
    with pytest.raises(WeightsError, match="more than"):
        write_weights(tmp_path / "w", [model_of(0)] * 4, {})
    assert not list(tmp_path.iterdir())


def test_a_file_holds_at_least_one_member(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model"):
        write_weights(tmp_path / "w", [], {})


def test_a_sense_that_is_not_believed_is_one_that_is_silent(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = AffectiveTransformer(TINY).eval()
    with torch.no_grad():
        model.senses["motion"].weight.add_(1.0)
    write_weights(tmp_path / "a", [model], {})
    join_weights([tmp_path / "a"], tmp_path / "b", {"motion": 0.0})
    (quiet,) = read_weights(tmp_path / "b")
    senses, music, _ = batch(songs(count=2, held_out=0))
    values = {name: torch.randn_like(rows) for name, rows in senses.values.items()}
    senses = Senses(values, {n: torch.ones_like(m) for n, m in senses.heard.items()}, senses.corpus)
    with torch.no_grad():
        told, untold = quiet(senses, music), quiet(senses.without("motion"), music)
        (before,) = read_weights(tmp_path / "a")
        heard = before(senses, music)
    torch.testing.assert_close(told.chords, untold.chords, atol=1e-4, rtol=1e-3)
    assert float((heard.chords - untold.chords).abs().max()) > 1e-3
    with pytest.raises(WeightsError, match="trust is for"):
        join_weights([tmp_path / "a"], tmp_path / "c", {"smell": 0.5})
