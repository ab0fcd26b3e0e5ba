"""Long form and the way through, with a small codec and generator that nobody has trained."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.vqgan.codec import Codec
from generators.vqgan.conducting import conduct
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.long_form import noise_between, play_codes, write_latents
from generators.vqgan.model import Config, Critics, Generator, critics_loss, makers_loss
from generators.vqgan.play import Player, play
from generators.vqgan.weights import codec_mark, player_of, read_generator, write_generator
from generators.weights_file import WeightsError
from tests.generators.vqgan.codecs import HOP, codec
from tests.generators.vqgan.test_conducting import dance, planned


@cache
def player() -> Player:
    torch.manual_seed(0)
    config = Config(hop=HOP, latent=16, width=32, dilations=(1, 3), stacks=2)
    return Player(Generator(config).eval(), codec(), "made here")


@pytest.fixture(scope="module")
def controls():
    return conduct(planned(), dance(), codec())


def test_windows_are_written_as_if_all_were_written_at_once(controls) -> None:
    generator = player().generator
    whole = write_latents(generator, controls, window=10_000)
    for window in (64, 100):
        assert torch.allclose(write_latents(generator, controls, window=window), whole, atol=1e-5)


def test_windows_are_played_as_if_all_were_played_at_once() -> None:
    made = codec()
    codes = torch.randint(made.size, (1, made.books, 200), generator=torch.Generator().manual_seed(0))
    whole = made.decode(codes)[0].numpy()
    assert np.allclose(play_codes(made, codes, window=37), whole, atol=1e-5)


def test_noise_belongs_to_a_place_in_time() -> None:
    whole = noise_between(-20, 600, 4, seed=1)
    assert torch.equal(noise_between(250, 270, 4, seed=1), whole[..., 270:290])
    assert not torch.equal(noise_between(250, 270, 4, seed=2), whole[..., 270:290])
    assert whole.std().item() == pytest.approx(1.0, abs=0.05)


def test_the_reach_that_a_config_tells_is_the_generators(controls) -> None:
    generator = player().generator
    part = controls.between(0, 200)
    noise = torch.zeros(1, generator.config.noise, 200)
    other = noise.clone()
    other[..., 100] = 5.0
    with torch.no_grad():
        changed = (generator(part, noise) - generator(part, other)).abs().amax((0, 1)).numpy() > 0
    assert abs(np.flatnonzero(changed) - 100).max() <= generator.config.reach


def test_the_sound_is_as_long_as_the_picture_and_the_same_again() -> None:
    music = play(planned(), dance(), player())
    assert music.samples.shape == (1, round(planned().duration_s * SAMPLE_RATE))
    assert np.array_equal(music.samples, play(planned(), dance(), player(), window_s=3.0).samples)
    assert music.last_start_s == planned().final_s
    other = play(planned(), dance(), player(), without=("onsets",))
    assert not np.array_equal(other.samples, music.samples)


def test_critics_are_fooled_by_their_own_music_and_by_no_other(controls) -> None:
    torch.manual_seed(1)
    critics = Critics(player().generator.config, width=16)
    part = controls.between(0, 64)
    real, made = torch.randn(1, 16, 64), torch.zeros(1, 16, 64)
    optimiser = torch.optim.Adam(critics.parameters(), 3e-3)
    first = critics_loss(critics(real, part), critics(made, part)).item()
    for _ in range(15):
        loss = critics_loss(critics(real, part), critics(made, part))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.6 * first
    fooled, alike = makers_loss(critics(real, part), critics(made, part))
    best, same = makers_loss(critics(real, part), critics(real, part))
    assert best < fooled
    assert same == 0 < alike


def test_weights_come_back_and_know_their_codec(tmp_path: Path) -> None:
    made, path = player(), tmp_path / "some.safetensors"
    sha256 = write_generator(path, made.generator, {"codec": codec_mark(made.codec), "step": 7})
    read = player_of(path, made.codec, sha256)
    for one, other in zip(
        made.generator.state_dict().values(), read.generator.state_dict().values(), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-3)
    another = Codec(made.codec.config).eval()
    with pytest.raises(WeightsError, match="another codec"):
        player_of(path, another)
    with pytest.raises(WeightsError, match="SHA-256"):
        read_generator(path, "0" * 64)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="holds no weights"):
        read_generator(path)
