"""Where somebody speaks: real voices where there are clips of them, and what is no voice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.clip import probe
from encoders.speech import HOP_S, SAMPLE_RATE, hear_speech, spoken_spans
from encoders.stream import Stream
from v2m.sound_blocks import sound_blocks


def curve(odds: list[float]) -> Stream:
    times = (np.arange(len(odds), dtype=np.float64) + 0.5) * HOP_S
    values = np.array(odds, np.float32).reshape(-1, 1)
    return Stream("speech", times, values, np.ones(len(odds), bool), ("probability",), "", "by hand")


def steps(*parts: tuple[float, float]) -> Stream:
    """(probability, seconds), one after the other."""
    return curve([odd for odd, length_s in parts for _ in range(round(length_s / HOP_S))])


def sound_of(path: Path) -> Iterator[NDArray[np.float32]]:
    clip = probe(path)
    blocks = sound_blocks(clip.path, zero_s=clip.start_s, layout="mono", sample_rate=SAMPLE_RATE)
    return (block[0] for block, _ in blocks)


def test_phrases_are_joined_over_breaths_and_coughs_are_none() -> None:
    heard = steps((0, 1.0), (0.9, 1.0), (0.1, 0.2), (0.9, 1.0), (0, 1.0), (0.9, 0.1), (0, 1.0))
    ((start, end),) = spoken_spans(heard)
    assert start == pytest.approx(1.0, abs=0.1)
    assert end == pytest.approx(3.2, abs=0.1)


def test_two_coughs_side_by_side_are_no_word() -> None:
    assert spoken_spans(steps((0, 1.0), (0.9, 0.1), (0.1, 0.2), (0.9, 0.1), (0, 1.0))) == []


def test_a_voice_that_sinks_is_still_one_and_begins_only_when_it_is_clear() -> None:
    assert spoken_spans(steps((0.45, 2.0), (0, 1.0))) == []
    ((start, end),) = spoken_spans(steps((0.6, 1.0), (0.4, 1.0), (0.2, 1.0)))
    assert start == 0.0
    assert end == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "chords"])
def test_what_is_no_voice_is_not_heard_as_one(kind: str) -> None:
    at = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    sounds = {
        "silence": np.zeros(len(at)),
        "noise": 0.2 * np.random.default_rng(1).standard_normal(len(at)),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * at),
        "chords": 0.1 * sum(np.sin(2 * np.pi * f * at) * np.exp(-(at % 1)) for f in (220, 277.2, 329.6)),
    }
    assert spoken_spans(hear_speech([sounds[kind].astype(np.float32)], 6.0)) == []


def test_blocks_of_any_length_are_one_sound_and_no_more_than_the_picture_is_heard() -> None:
    sound = (0.1 * np.random.default_rng(2).standard_normal(5 * SAMPLE_RATE)).astype(np.float32)
    whole = hear_speech([sound], 3.0)
    pieces = hear_speech(np.split(sound, [100, 7000, 7001, 40000]), 3.0)
    assert (whole.values == pieces.values).all()
    assert whole.times_s[-1] == pytest.approx(3.0, abs=HOP_S)
    assert np.diff(whole.times_s) == pytest.approx(HOP_S)
    short = hear_speech([sound[:1000]], 3.0)
    assert len(short) == 2


def test_real_voices_are_heard_and_real_music_is_none(media: Path) -> None:
    spans = spoken_spans(hear_speech(sound_of(media / "clips/talking_portrait.mp4"), 20.08))
    assert sum(end - start for start, end in spans) > 14.0
    assert len(spans) >= 6
    for music in ("aist_dance_original_music.mp4", "big_buck_bunny_0_30.webm"):
        clip = probe(media / "clips" / music)
        assert spoken_spans(hear_speech(sound_of(clip.path), clip.duration_s)) == []
