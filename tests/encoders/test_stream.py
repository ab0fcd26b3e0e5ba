"""Stream and Streams: checked when made, and the same after a round trip through a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from encoders.errors import StreamError
from encoders.stream import Stream, Streams


def _curve(name: str = "motion") -> Stream:
    times_s = np.asarray([0.0, 0.1, 0.3, 0.6])
    values = np.asarray([[0, 1], [2, 3], [4, 5], [6, 7]], dtype=np.float32)
    return Stream(name, times_s, values, np.asarray([False, True, True, False]), ("energy", "flux"), "u", "s")


def _streams() -> Streams:
    events = Stream("cuts", np.asarray([1.5]), np.ones((1, 1)), np.ones(1), ("strength",), "0-1", "by hand")
    return Streams({"motion": _curve(), "cuts": events}, 2.5, "abc", ("a note", "другая"))


def test_arrays_are_held_in_one_type() -> None:
    stream = Stream("x", [0, 1], [[1], [2]], [1, 0], ["a"], "", "")  # type: ignore[arg-type]
    assert (stream.times_s.dtype, stream.values.dtype, stream.mask.dtype) == (
        np.float64,
        np.float32,
        np.bool_,
    )
    assert stream.columns == ("a",)


@pytest.mark.parametrize(
    ("times_s", "values", "mask"),
    [
        ([0.0, 1.0], [[1.0]], [True]),
        ([0.0, 1.0], [[1.0], [2.0]], [True]),
        ([0.0, 1.0], [[1.0, 2.0], [1.0, 2.0]], [True, True]),
        ([1.0, 0.0], [[1.0], [2.0]], [True, True]),
        ([0.0, np.nan], [[1.0], [2.0]], [True, True]),
        ([0.0, 1.0], [[1.0], [np.inf]], [True, True]),
    ],
    ids=["short values", "short mask", "wide values", "backwards", "nan time", "infinite value"],
)
def test_arrays_that_disagree_are_refused(times_s: list[float], values: object, mask: list[bool]) -> None:
    with pytest.raises(StreamError, match="stream x"):
        Stream("x", np.asarray(times_s), np.asarray(values), np.asarray(mask), ("a",), "", "")


def test_what_is_masked_may_be_anything() -> None:
    stream = Stream("x", np.zeros(1), np.full((1, 1), np.nan), np.zeros(1, bool), ("a",), "", "")
    assert not stream.says_something


def test_sampling_goes_over_what_is_masked() -> None:
    sampled = _curve().sample(np.asarray([0.0, 0.1, 0.2, 0.3, 9.0]), "energy")
    np.testing.assert_allclose(sampled, [2, 2, 3, 4, 4])


def test_a_silent_stream_samples_as_its_default() -> None:
    silent = Stream.silent("pose", ("x0", "y0"), "u", "nobody", np.arange(3.0))
    assert len(silent) == 3
    assert not silent.says_something
    np.testing.assert_array_equal(silent.sample(np.arange(2.0), "x0", default=0.5), [0.5, 0.5])
    assert len(Stream.silent("cuts", ("strength",), "u", "s")) == 0


def test_an_unknown_column_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StreamError, match=r"'speed'.*energy, flux"):
        _curve().column("speed")


def test_a_stream_is_filed_under_its_name() -> None:
    with pytest.raises(StreamError, match="filed under"):
        Streams({"cuts": _curve()}, 1.0, "")


def test_round_trip(tmp_path: Path) -> None:
    streams = _streams()
    written = streams.save(tmp_path / "clip.npz")
    assert sorted(tmp_path.iterdir()) == sorted(written)
    back = Streams.load(tmp_path / "clip.npz")
    assert (back.duration_s, back.clip_hash, back.notes) == (2.5, "abc", ("a note", "другая"))
    assert list(back) == list(streams)
    for name, stream in streams.items():
        other = back[name]
        np.testing.assert_array_equal(other.times_s, stream.times_s)
        np.testing.assert_array_equal(other.values, stream.values)
        np.testing.assert_array_equal(other.mask, stream.mask)
        assert (other.columns, other.units, other.source) == (stream.columns, stream.units, stream.source)


_SHAPES = st.tuples(st.integers(0, 9), st.integers(1, 3))


@given(values=hnp.arrays(np.float32, _SHAPES, elements=st.floats(-9, 9, width=32)))
@settings(max_examples=25, deadline=None)
def test_any_values_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, values: NDArray[np.float32]
) -> None:
    count, width = values.shape
    columns = tuple("abc"[:width])
    stream = Stream("x", np.arange(count) / 7, values, np.arange(count) % 2 == 0, columns, "u", "s")
    path = tmp_path_factory.mktemp("any") / "x.npz"
    Streams({"x": stream}, 1.0, "h").save(path)
    back = Streams.load(path)["x"]
    np.testing.assert_array_equal(back.values, values)
    np.testing.assert_array_equal(back.times_s, stream.times_s)


def test_files_that_are_no_streams(tmp_path: Path) -> None:
    path = tmp_path / "clip.npz"
    with pytest.raises(StreamError, match=r"clip\.npz"):
        Streams.load(path)
    _, header = _streams().save(path)
    newer = json.loads(header.read_text()) | {"version": 99}
    header.write_text(json.dumps(newer))
    with pytest.raises(StreamError, match="this version"):
        Streams.load(path)
    header.write_text("{}")
    with pytest.raises(StreamError):
        Streams.load(path)
    _streams().save(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(StreamError):
        Streams.load(path)
