"""encode: one pass shown to every sense, whole and in order; errors and interrupts end it at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.clip import probe
from encoders.encode import SENSES, encode, look
from encoders.errors import ClipError, StreamError
from encoders.frames import FrameBatch
from encoders.stream import Stream
from tests import clips
from tests.conftest import MakeClip


class _Numbers:
    """A sense that reads the numbers off the frames."""

    def __init__(self, name: str = "numbers", pause_s: float = 0.0, fails_at_s: float = np.inf) -> None:
        self.name = name
        self.notes: list[str] = [f"{name} was here"]
        self.before: tuple[str, ...] = ()
        self.threads: set[int] = set()
        self._pause_s = pause_s
        self._fails_at_s = fails_at_s
        self._times_s: list[float] = []
        self._numbers: list[int] = []

    def see(self, batch: FrameBatch) -> None:
        self.threads.add(threading.get_ident())
        time.sleep(self._pause_s)
        if batch.times_s[-1] >= self._fails_at_s:
            raise ArithmeticError(f"{self.name} cannot add up")
        self._times_s += batch.times_s.tolist()
        self._numbers += [clips.read_number(rgb) for rgb in batch.rgb]

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        self.before = tuple(streams)
        count = len(self._numbers)
        values = np.asarray(self._numbers, dtype=np.float32)[:, None]
        times_s = np.asarray(self._times_s)
        return [Stream(self.name, times_s, values, np.ones(count, bool), ("number",), "frames", "test")]


def test_every_sense_sees_every_frame_in_order_on_one_thread(make_clip: MakeClip) -> None:
    clip = probe(make_clip("plain"))
    quick, slow = _Numbers("quick"), _Numbers("slow", pause_s=0.05)
    streams = look(clip, [lambda: quick, lambda: slow])
    for name in ("quick", "slow"):
        assert streams[name].column("number").tolist() == list(range(90))
        np.testing.assert_allclose(streams[name].times_s, clip.frame_times_s)
    assert len(quick.threads) == len(slow.threads) == 1
    assert quick.threads != slow.threads
    assert slow.before == ("quick",)
    assert streams.duration_s == clip.duration_s
    assert streams.clip_hash == clip.content_hash
    assert streams.notes == ("quick was here", "slow was here")


def test_progress_rises_to_one(make_clip: MakeClip) -> None:
    shares: list[float] = []
    look(probe(make_clip("plain")), [lambda: _Numbers(pause_s=0.06)], shares.append)
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < 0.9
    assert shares[-1] == pytest.approx(1.0)


def test_what_a_sense_raises_surfaces_as_itself_and_ends_all_threads(make_clip: MakeClip) -> None:
    before = threading.active_count()
    with pytest.raises(ArithmeticError, match="cannot add up") as caught:
        look(probe(make_clip("plain")), [_Numbers, lambda: _Numbers("bad", fails_at_s=1.0)])
    assert any(entry.name == "see" for entry in caught.traceback)
    assert threading.active_count() == before


def test_a_sense_that_cannot_be_made_ends_the_pass(make_clip: MakeClip) -> None:
    before = threading.active_count()

    def impossible() -> _Numbers:
        raise StreamError("no such model")

    with pytest.raises(StreamError, match="no such model"):
        look(probe(make_clip("plain")), [_Numbers, impossible])
    assert threading.active_count() == before


def test_an_interrupt_stops_the_pass_promptly(make_clip: MakeClip) -> None:
    before = threading.active_count()

    def interrupt(share: float) -> None:
        if share > 0.2:
            raise KeyboardInterrupt

    begun_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        look(probe(make_clip("plain")), [lambda: _Numbers(pause_s=0.5)], interrupt)
    # Whole, the pass would take four pauses.
    assert time.monotonic() - begun_s < 1.5
    assert threading.active_count() == before


def test_a_decoding_error_surfaces(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "brief.mp4", clips.numbered_frames(30), 30)
    clip = probe(path)
    path.unlink()
    with pytest.raises(ClipError, match="no such file"):
        look(clip, [_Numbers])


def test_the_clips_notes_come_first(make_clip: MakeClip) -> None:
    clip = probe(make_clip("truncated"))
    streams = look(clip, [_Numbers])
    assert streams.notes[0] == clip.notes[0]
    assert streams.duration_s == clip.duration_s


def test_a_tail_that_does_not_decode_shortens_the_picture_and_is_told(tmp_path: Path) -> None:
    options = ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
    path = clips.write_clip(tmp_path / "whole.mov", clips.numbered_frames(60), 30, options=options)
    clips.spoil_packets(path, path, range(40, 60))
    streams = look(probe(path), [_Numbers])
    assert streams["numbers"].column("number").tolist() == list(range(40))
    assert streams.duration_s == pytest.approx(40 / 30, abs=0.01)
    assert any("20 of 60 frames could not be decoded" in note for note in streams.notes)


def test_a_gap_in_the_middle_leaves_the_length_as_it_is(tmp_path: Path) -> None:
    options = ("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
    path = clips.write_clip(tmp_path / "whole.mov", clips.numbered_frames(60), 30, options=options)
    clips.spoil_packets(path, path, range(20, 30))
    streams = look(probe(path), [_Numbers])
    assert streams.duration_s == pytest.approx(2.0, abs=0.01)
    assert any("10 of 60 frames could not be decoded" in note for note in streams.notes)


def test_two_senses_may_not_give_one_stream(make_clip: MakeClip) -> None:
    with pytest.raises(StreamError, match="two senses"):
        look(probe(make_clip("plain")), [_Numbers, _Numbers])


def test_an_unknown_sense_is_answered_with_the_known_ones(make_clip: MakeClip) -> None:
    with pytest.raises(StreamError, match=r"'smell'.*cuts.*affect"):
        encode(probe(make_clip("plain")), senses=["cuts", "smell"])


def test_the_real_senses_on_one_pass(make_clip: MakeClip) -> None:
    clip = probe(make_clip("shots"))
    streams = encode(clip, senses=["affect", "motion", "cuts", "colour"])
    assert {"cuts", "colour", "motion", "visual_onsets", "affect"} <= set(streams)
    np.testing.assert_allclose(streams["cuts"].times_s, (2.0, 3.2, 5.0, 6.4), atol=clip.frame_s / 2)
    for stream in streams.values():
        assert stream.times_s.size == 0 or 0 <= stream.times_s[0] <= stream.times_s[-1] <= clip.duration_s


def test_encoding_twice_gives_the_same_streams(make_clip: MakeClip) -> None:
    clip = probe(make_clip("square"))
    senses = [name for name in SENSES if name not in ("pose", "semantics")]
    # PyAV and decord scale slightly differently, so one decoder is held fixed.
    first, second = (encode(replace(clip, plain=False), senses=senses) for _ in range(2))
    for name, stream in first.items():
        np.testing.assert_array_equal(stream.values, second[name].values)
        np.testing.assert_array_equal(stream.times_s, second[name].times_s)
