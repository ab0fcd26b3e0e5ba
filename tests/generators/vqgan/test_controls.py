"""Controls: what is heard in made music is what was put into it, and a picture's are drawn alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generators.vqgan.controls import (
    FALL_S,
    SAMPLE_RATE,
    SUB,
    Controls,
    draw_beats,
    draw_onsets,
    roughen,
    stack,
    widths,
)
from generators.vqgan.listening import Told, find_strokes, listen, scaled_level
from generators.vqgan.sketch import draw_sketch, lowered, raised
from generators.vqgan.tones import RATE, Tone, draw_tones, keep_tones
from tests.generators.vqgan.codecs import HOP, codec

KICK_S, HAT_S = (0.5, 1.5, 2.5), (1.0, 2.0, 3.0)


def music(seconds: float = 4.0) -> np.ndarray:
    """Kicks and hats over a held A minor chord."""
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(0.05 * np.sin(2 * np.pi * hz * t) for hz in (220.0, 261.63, 329.63))
    noise = np.random.default_rng(0).normal(size=len(t))
    high = np.append(0, np.diff(noise))
    for at in KICK_S:
        age = t - at
        sound += (age >= 0) * 0.5 * np.exp(-np.maximum(age, 0) / 0.08) * np.sin(2 * np.pi * 60 * age)
    for at in HAT_S:
        age = t - at
        sound += (age >= 0) * 0.15 * np.exp(-np.maximum(age, 0) / 0.02) * high
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def heard() -> Controls:
    return listen(music(), codec(), Told("rock", np.arange(9) * 0.5, np.array([0, 4, 8]), (0.5, -0.5)))


def test_strokes_are_found_in_their_bands() -> None:
    (low, _), _, (high, _) = find_strokes(torch.from_numpy(music()))
    assert np.abs(np.asarray(KICK_S)[:, None] - low).min(1).max() < 0.012
    assert np.abs(np.asarray(HAT_S)[:, None] - high).min(1).max() < 0.012
    assert np.abs(np.asarray(HAT_S)[:, None] - low).min(1).min() > 0.1  # no hat among the kicks


def test_the_chord_is_in_the_chroma_and_in_the_guide(heard: Controls) -> None:
    chroma = heard.values["chroma"][0].mean(1).numpy()
    assert set(np.argsort(chroma)[-3:]) == {9, 0, 4}  # A, C, E
    guide = keep_tones(lowered(torch.from_numpy(music())))
    spectrum = np.abs(np.fft.rfft(guide * np.hanning(len(guide))))
    hz = np.fft.rfftfreq(len(guide), 1 / RATE)
    tones = sum(spectrum[np.abs(hz - f) < 3].max() for f in (220.0, 261.63, 329.63))
    assert tones > 20 * spectrum[(hz > 400) & (hz < 1300)].max()


def test_the_guide_has_the_phase_of_the_music() -> None:
    sound = music()
    guide, kept = lowered(torch.from_numpy(sound)), keep_tones(lowered(torch.from_numpy(sound)))
    calm = slice(int(0.1 * RATE), int(0.4 * RATE))  # before the first kick
    assert np.corrcoef(guide[calm], kept[calm])[0, 1] > 0.99


def test_drawn_tones_pass_the_sieve_that_music_goes_through() -> None:
    drawn = draw_tones([Tone(0.2, 1.8, 57, 0.3), Tone(0.2, 1.8, 64, 0.3)], 2.0, np.random.default_rng(0))
    kept = keep_tones(drawn)
    assert float((kept**2).sum()) > 0.8 * float((drawn**2).sum())


def test_an_onset_is_drawn_at_its_instant_and_fades() -> None:
    drawn = draw_onsets([(np.array([0.3]), np.array([0.8])), (np.zeros(0), np.zeros(0))], 40, HOP)
    curve = drawn.reshape(2, SUB, 40).transpose(1, 2).reshape(2, -1)[0].numpy()
    step_s = HOP / SUB / SAMPLE_RATE
    first = int(np.ceil(0.3 / step_s))
    assert not curve[:first].any()
    assert curve[first] == pytest.approx(0.8, abs=0.08)
    later = first + round(FALL_S / step_s)
    assert curve[later] / curve[first] == pytest.approx(np.exp(-1), abs=0.05)
    assert not drawn[0, SUB:].any()


def test_the_beat_turns_once_a_beat_and_the_bar_once_a_bar() -> None:
    drawn, known = draw_beats(np.arange(9) * 0.5, np.array([0, 4, 8]), 200, HOP)
    times = (np.arange(200) + 0.5) * HOP / SAMPLE_RATE
    assert known[0].numpy().tolist() == (times <= 4.0).tolist()
    inside = times < 4.0
    cosine = drawn[0, 0].numpy()[inside]
    assert np.allclose(cosine, np.cos(2 * np.pi * times[inside] / 0.5), atol=1e-4)
    assert np.allclose(drawn[0, 1].numpy()[inside], np.cos(2 * np.pi * times[inside] / 2.0), atol=1e-4)


def test_louder_music_has_a_higher_level(heard: Controls) -> None:
    softer = listen(music() * 0.1, codec())
    apart = heard.values["level"] - softer.values["level"]
    assert apart.mean().item() == pytest.approx(2.0, abs=0.1)  # 20 dB
    assert float(scaled_level(-20.0)) == 0.0


def test_what_is_not_known_is_masked(heard: Controls) -> None:
    bare = listen(music(), codec())
    assert not bare.heard["beat"].any()
    assert not bare.heard["affect"].any()
    assert heard.heard["affect"].all()
    assert bare.style.item() == 0
    assert heard.style.item() > 0
    assert {n: v.shape[1] for n, v in bare.values.items()} == widths(HOP, 16)


def test_silence_has_controls_that_are_numbers() -> None:
    silent = listen(np.zeros(SAMPLE_RATE, np.float32), codec())
    assert all(v.isfinite().all() for v in silent.values.values())
    assert not silent.values["onsets"].any()
    assert not silent.heard["brightness"].any()


def test_a_stretch_is_masked_beyond_the_ends(heard: Controls) -> None:
    part = heard.between(-10, 20)
    assert part.frames == 30
    assert not part.heard["level"][:, :10].any()
    assert torch.equal(part.values["tones"][..., 10:], heard.values["tones"][..., :20])


def test_roughening_hides_about_as_often_as_it_says(heard: Controls) -> None:
    many = stack([heard.between(0, 60)] * 400)
    rough = roughen(many, torch.Generator().manual_seed(1))
    hidden = 1 - rough.heard["affect"].float().mean().item()
    assert 0.45 < hidden < 0.6  # half of the pieces, and a little of others
    assert 1 - rough.heard["tones"].float().mean().item() < 0.2
    assert 1 - rough.heard["sketch"].float().mean().item() < 0.2
    assert (rough.style == 0).float().mean().item() == pytest.approx(0.3, abs=0.07)
    assert rough.values["level"].std() > many.values["level"].std()


def test_the_sketch_has_the_tones_and_the_strokes_where_they_are() -> None:
    sound = torch.from_numpy(music())
    guide = keep_tones(lowered(sound))
    assert np.abs(raised(guide)[: len(sound)] - music()).mean() < 0.3 * np.abs(music()).mean()
    level = np.array([-20.0, -20.0])
    drawn = draw_sketch(guide * 0, find_strokes(sound), np.array([0.0, 4.0]), level, len(sound))
    for at in (*KICK_S, *HAT_S):
        around = drawn[round((at - 0.1) * SAMPLE_RATE) : round((at + 0.1) * SAMPLE_RATE)]
        before, after = np.split(around**2, 2)
        assert after.sum() > 3 * before.sum()
