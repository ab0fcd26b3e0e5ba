"""The codec: its transform, its codes, its file of weights, and how the one that ships sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.sound_faults import buzz_db, flatness_db, new_clicks, rougher_db
from generators.vqgan.codec import Codec, CodecConfig, load_codec, read_codec, write_codec
from generators.vqgan.codec_start import start
from generators.vqgan.lapped import Lapped
from generators.vqgan.mel import mel_distance, si_sdr
from generators.weights_file import WeightsError
from tests.generators.vqgan.codecs import HOP, codec

RATE = 22050


def song(seconds: float = 6.0) -> torch.Tensor:
    """Chords with soft attacks, a bass and strokes of noise: `[1, samples]`."""
    at = np.arange(round(seconds * RATE)) / RATE
    rng = np.random.default_rng(0)
    sound = np.zeros_like(at)
    for beat, root in enumerate(np.resize((48, 53, 55, 50), int(seconds * 2))):
        on = at - beat / 2
        shape = np.where(on >= 0, np.exp(-on / 0.4) * np.clip(on / 0.01, 0, 1), 0)
        for step in (-12, 0, 7, 16):
            hz = 440 * 2 ** ((root + step - 69) / 12)
            sound += shape * sum(np.sin(2 * np.pi * k * hz * at) / k**1.5 for k in (1, 2, 3)) / 12
        stroke = np.where(on >= 0.25, np.exp(-(on - 0.25) / 0.04), 0)
        sound += 0.1 * stroke * rng.normal(size=len(at))
    return torch.from_numpy(sound.astype(np.float32))[None] * 0.7


def test_the_transform_comes_back_exactly() -> None:
    wave = torch.randn(2, 64 * 30, generator=torch.Generator().manual_seed(0))
    lapped = Lapped(64)
    assert lapped(wave).shape == (2, 64, 30)
    back = lapped.inverse(lapped(wave))
    assert torch.allclose(back[:, 32:-32], wave[:, 32:-32], atol=1e-5)
    # Orthonormal: energies agree, and so do errors of quantising.
    inner = torch.nn.functional.pad(wave, (640, 640))
    assert float(lapped(inner).square().sum()) == pytest.approx(float(wave.square().sum()), rel=1e-4)


@pytest.mark.parametrize("samples", [1, HOP - 1, HOP, HOP + 1, 10 * HOP])
def test_there_is_a_frame_for_every_hop_begun(samples: int) -> None:
    codes = codec().encode(torch.zeros(2, samples))
    frames = -(-samples // HOP)
    assert codes.shape == (2, codec().books, frames)
    assert codes.dtype == torch.int64
    assert codec().decode(codes).shape == (2, frames * HOP)


def test_what_is_decoded_in_parts_agrees() -> None:
    made = codec()
    codes = torch.randint(made.size, (1, made.books, 150), generator=torch.Generator().manual_seed(0))
    whole = made.decode(codes)
    low, high, reach = 60, 110, made.reach
    part = made.decode(codes[..., low - reach : high + reach], first=low - reach)
    inner = part[:, reach * HOP : -reach * HOP]
    assert torch.allclose(inner, whole[:, low * HOP : high * HOP], atol=1e-5)
    assert float(inner.abs().max()) > 1e-4


def test_the_first_books_alone_can_be_decoded_and_others_cannot() -> None:
    made = codec()
    codes = made.encode(song(1.0))
    assert made.decode(codes[:, :1]).shape == made.decode(codes).shape
    with pytest.raises(ValueError, match="not \\[batch, up to 3"):
        made.decode(torch.cat([codes, codes], 1))
    with pytest.raises(ValueError, match="outside 0 to 31"):
        made.decode(codes + 32)


def test_sizes_that_cannot_be_are_refused() -> None:
    for wrong in ({"books": 0}, {"hop": 510}, {"bands": 1}, {"width": 0}, {"left_out": -0.1}):
        with pytest.raises(ValueError, match="out of range"):
            CodecConfig(**wrong)


def test_the_beginning_is_better_than_chance() -> None:
    torch.manual_seed(0)
    made = Codec(CodecConfig(width=64, encoder=1, decoder=1, latent=32, books=4, size=128)).eval()
    wave = song()
    before = float(mel_distance(made.decode(made.encode(wave))[:, : wave.shape[1]], wave, RATE))
    before_db = float(si_sdr(made.decode(made.encode(wave))[:, : wave.shape[1]], wave))
    start(made, wave.reshape(6, -1), 200)
    back = made.decode(made.encode(wave))[:, : wave.shape[1]]
    assert float(mel_distance(back, wave, RATE)) < 0.6 * before
    assert float(si_sdr(back, wave)) > before_db + 10


def test_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "codec.safetensors"
    sha = write_codec(path, codec(), {"step": 0})
    again = read_codec(path, sha)
    codes = again.encode(song(1.0))
    # Half precision moves few codes.
    assert float((codes == codec().encode(song(1.0))).float().mean()) > 0.95
    assert torch.allclose(again.decode(codes), codec().decode(codes), atol=3e-3)
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        read_codec(path, "0" * 64)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="no weights"):
        read_codec(path)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_codec(tmp_path / "none")


@pytest.fixture(scope="module")
def back() -> torch.Tensor:
    shipped = load_codec()
    return shipped.decode(shipped.encode(song()))[:, : song().shape[1]]


def test_what_ships_keeps_a_song(back: torch.Tensor) -> None:
    assert load_codec().bits_per_s < 4000
    assert 20 * float(mel_distance(back, song(), RATE)) < 8
    assert float(si_sdr(back, song())) > 3
    # No bass for treble: the first book alone is worse.
    shipped = load_codec()
    first = shipped.decode(shipped.encode(song())[:, :1])[:, : song().shape[1]]
    assert float(mel_distance(first, song(), RATE)) > float(mel_distance(back, song(), RATE))


def test_what_ships_neither_buzzes_nor_clicks(back: torch.Tensor) -> None:
    made, true = back[0].numpy(), song()[0].numpy()
    frame_hz = RATE / load_codec().hop
    assert buzz_db(made, RATE, frame_hz) < buzz_db(true, RATE, frame_hz) + 3
    assert new_clicks(made, true, RATE) == 0
    assert abs(rougher_db(made, true)) < 15


def test_what_ships_leaves_silence_silent() -> None:
    shipped = load_codec()
    silence = shipped.decode(shipped.encode(torch.zeros(1, RATE)))
    assert float(silence.square().mean().sqrt()) < 10 ** (-55 / 20)


def test_strokes_stay_sharp() -> None:
    """A stroke of noise is no louder 20 ms before it than 20 dB below itself."""
    wave = torch.zeros(1, 2 * RATE)
    rng = torch.Generator().manual_seed(0)
    wave[0, RATE : RATE + 2000] = 0.3 * torch.randn(2000, generator=rng)
    shipped = load_codec()
    made = shipped.decode(shipped.encode(wave))[0]
    before = made[RATE - 900 : RATE - 450].square().mean().sqrt()
    assert float(before) < 0.1 * float(made[RATE : RATE + 2000].square().mean().sqrt())


def test_faults_are_found_where_they_are() -> None:
    true = song()[0].numpy()
    at = np.arange(len(true)) / RATE
    gated = true * (1 + 0.5 * np.sign(np.sin(2 * np.pi * 43.07 * at)))
    assert buzz_db(gated, RATE, 43.07) > buzz_db(true, RATE, 43.07) + 10
    jumped = true.copy()
    jumped[3 * RATE :] += 0.5
    assert new_clicks(jumped, true, RATE) == 1
    assert new_clicks(true, true, RATE) == 0
    noisy = true + 0.1 * np.random.default_rng(0).normal(size=len(true))
    assert rougher_db(noisy, true) > 10
    white = np.random.default_rng(0).normal(size=RATE)
    assert flatness_db(white).mean() == pytest.approx(-2.5, abs=0.3)  # of the noise of one frame's powers
