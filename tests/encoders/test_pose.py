"""The drawn dancer is followed and her rests are met; where nobody is, nothing is said."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from demos.make import make
from demos.truth import Truth
from encoders.body import JOINTS
from encoders.clip import probe
from encoders.frames import FrameBatch, read
from encoders.landmarks import open_finder
from encoders.pose import POSE_COLUMNS, PoseSense
from encoders.stream import Stream

pytest.importorskip("mediapipe")

# Of the street dancer in the real clips: the deeper rests that looking at every picture finds.
STREET_RESTS_S = (0.20, 1.07, 2.39, 2.83, 3.48)

_VERSION = tuple(int(part) for part in importlib.metadata.version("mediapipe").split(".")[:3])
carries_model = pytest.mark.skipif(_VERSION > (0, 10, 21), reason="this mediapipe carries no pose model")


def look(batches: Sequence[FrameBatch], model: Path | None = None) -> tuple[dict[str, Stream], list[str]]:
    sense = PoseSense(model)
    for batch in batches:
        sense.see(batch)
    return {stream.name: stream for stream in sense.finish({})}, sense.notes


@pytest.fixture(scope="module")
def dancer(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[FrameBatch], Truth]:
    path = tmp_path_factory.mktemp("pose") / "dance.mp4"
    truth = make("dance", path, height=270, fps=30.0, duration_s=9.0)
    return list(read(probe(path))), truth


@pytest.fixture(scope="module")
def followed(dancer: tuple[list[FrameBatch], Truth]) -> Mapping[str, Stream]:
    streams, notes = look(dancer[0])
    assert notes == []
    return streams


def waves(duration_s: float, rate: float = 30.0) -> Iterator[FrameBatch]:
    """Bright ripples that drift: plenty of movement, nobody there."""
    y, x = np.mgrid[0:256, 0:320]
    times_s = np.arange(round(duration_s * rate)) / rate
    for first in range(0, len(times_s), 24):
        batch_s = times_s[first : first + 24]
        grey = 128 + 90 * np.sin(0.07 * x + 0.04 * y - 5.0 * batch_s[:, None, None])
        yield FrameBatch(batch_s, np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8))


@carries_model
def test_the_dancer_is_found_throughout(followed: Mapping[str, Stream]) -> None:
    pose = followed["pose"]
    assert pose.columns == POSE_COLUMNS
    assert pose.mask.mean() > 0.97
    assert np.median(np.diff(pose.times_s)) == pytest.approx(1 / 30, abs=0.001)
    nose_y, hip_y, ankle_y = (pose.column(f"y{joint}")[pose.mask].mean() for joint in (0, 23, 27))
    assert 0 < nose_y < hip_y < ankle_y < 1
    assert pose.column("v11")[pose.mask].mean() > 0.9


@carries_model
def test_the_network_looks_seldom_and_says_when(followed: Mapping[str, Stream]) -> None:
    pose, looks = followed["pose"], followed["pose_looks"]
    assert np.isin(looks.times_s, pose.times_s).all()
    assert 3.5 < len(looks) / 9.0 < 9.0
    assert np.diff(looks.times_s).max() < 0.32
    assert (looks.column("visible") > 0.9).all()


@carries_model
def test_what_is_carried_lies_where_the_network_would_see_it(
    followed: Mapping[str, Stream], dancer: tuple[list[FrameBatch], Truth]
) -> None:
    pose = followed["pose"]
    rgb = np.concatenate([batch.rgb for batch in dancer[0]])
    between = np.flatnonzero(~np.isin(pose.times_s, followed["pose_looks"].times_s))[::9]
    finder = open_finder(None)
    aspect = rgb.shape[2] / rgb.shape[1]
    off: list[NDArray[np.float64]] = []
    for index in between:
        seen = finder.find(rgb[index])
        assert seen is not None
        carried = pose.values[index].reshape(33, 4)
        off.append(np.hypot(*((carried - seen.landmarks)[JOINTS, :2] * (aspect, 1.0)).T))
    finder.close()
    # Picture heights; the dancer is 0.74 of them tall, and finding her afresh twice differs by a hundredth.
    assert np.median(off) < 0.008
    assert np.quantile(off, 0.9) < 0.03


@carries_model
def test_who_hardly_moves_is_hardly_looked_at(dancer: tuple[list[FrameBatch], Truth]) -> None:
    times_s = np.arange(120) / 30
    still = np.repeat(dancer[0][0].rgb[:1], 24, axis=0)
    streams, _ = look([FrameBatch(times_s[first : first + 24], still) for first in range(0, 120, 24)])
    assert streams["pose"].mask.all()
    assert len(streams["pose_looks"]) < 4.5 * 4.0
    assert streams["limbs"].column("speed").max() < 0.05 * 13
    assert len(streams["kinematic_beats"]) == 0


@carries_model
def test_the_dancers_rests_are_met(
    followed: Mapping[str, Stream], dancer: tuple[list[FrameBatch], Truth]
) -> None:
    found_s, true_s = followed["kinematic_beats"].times_s, np.array(dancer[1].kinematic_beats_s)
    error_s = np.array([found_s[np.abs(found_s - time).argmin()] - time for time in true_s])
    assert np.abs(error_s).max() < 0.05
    assert np.median(np.abs(error_s)) < 0.01
    assert sum(np.abs(true_s - time).min() > 0.08 for time in found_s) <= 1
    strength = followed["kinematic_beats"].column("strength")
    assert ((strength > 0.2) & (strength <= 1)).all()


@carries_model
def test_limbs_move_between_the_rests(
    followed: Mapping[str, Stream], dancer: tuple[list[FrameBatch], Truth]
) -> None:
    limbs = followed["limbs"]
    rests_s = np.array([time for time in dancer[1].kinematic_beats_s if time < 8.5])
    resting = limbs.sample(rests_s, "speed")
    moving = limbs.sample((rests_s[1:] + rests_s[:-1]) / 2, "speed")
    assert np.median(moving) > 4 * np.median(resting)
    directions = sum(limbs.column(f"d{bin_}") for bin_ in range(8))
    np.testing.assert_allclose(directions, limbs.column("speed"), rtol=1e-4, atol=1e-5)


@carries_model
def test_the_same_frames_give_the_same_streams(
    followed: Mapping[str, Stream], dancer: tuple[list[FrameBatch], Truth]
) -> None:
    short = [batch for batch in dancer[0] if batch.times_s[-1] < 3.5]
    first, _ = look(short)
    again, _ = look(short)
    for name in first:
        np.testing.assert_array_equal(first[name].values, again[name].values)
        np.testing.assert_array_equal(first[name].times_s, again[name].times_s)
    # What comes later changes nothing of where the network looks, and next to nothing of what is seen.
    early = first["pose_looks"].times_s < 2.0
    times_s = first["pose_looks"].times_s[early]
    np.testing.assert_array_equal(times_s, followed["pose_looks"].times_s[: early.sum()])
    early = first["pose"].times_s < 2.0
    np.testing.assert_allclose(
        first["pose"].values[early], followed["pose"].values[: early.sum()], atol=0.004
    )


@carries_model
def test_somebody_who_comes_in_late_is_followed_from_then_on(
    dancer: tuple[list[FrameBatch], Truth],
) -> None:
    empty = list(waves(3.2))
    height, width = dancer[0][0].rgb.shape[1:3]
    empty = [FrameBatch(b.times_s, np.resize(b.rgb, (len(b), height, width, 3))) for b in empty]
    late = [FrameBatch(batch.times_s + 3.2, batch.rgb) for batch in dancer[0][:5]]
    streams, _ = look([*empty, *late])
    pose = streams["pose"]
    assert not pose.mask[pose.times_s < 3.1].any()
    assert pose.mask[pose.times_s > 3.3].mean() > 0.97
    assert (streams["kinematic_beats"].times_s > 3.2).all()


@carries_model
def test_somebody_who_leaves_is_let_go(dancer: tuple[list[FrameBatch], Truth]) -> None:
    """The dancer slides out of the picture to the right; the last second is the empty studio."""
    rgb = np.concatenate([batch.rgb for batch in dancer[0][:5]])
    width = rgb.shape[2]
    studio = np.median(rgb[:, :, : width // 8], axis=(0, 2)).astype(np.uint8)
    for index, picture in enumerate(rgb):
        right = min(width, max(0, 9 * (index - 48)))
        picture[:, right:] = picture[:, : width - right].copy()
        picture[:, :right] = studio[:, None]
    pose = look([FrameBatch(np.arange(120) / 30, rgb)])[0]["pose"]
    assert pose.mask[:60].all()
    assert not pose.mask[90:].any()


@carries_model
def test_a_flash_does_not_part_the_dance(
    followed: Mapping[str, Stream], dancer: tuple[list[FrameBatch], Truth]
) -> None:
    times_s = np.concatenate([batch.times_s for batch in dancer[0]])[:180]
    rgb = np.concatenate([batch.rgb for batch in dancer[0]])[:180].copy()
    rgb[77] = 255
    streams, _ = look([FrameBatch(times_s, rgb)])
    assert streams["pose"].mask.all()
    found_s = streams["kinematic_beats"].times_s
    for time in followed["kinematic_beats"].times_s[:-1]:
        assert time > 5.5 or np.abs(found_s - time).min() < 0.05


@carries_model
def test_where_nobody_is_nothing_is_said() -> None:
    streams, notes = look(list(waves(4.0)))
    assert notes == []
    assert len(streams["pose"]) == 120
    assert not streams["pose"].says_something
    assert not streams["limbs"].says_something
    assert len(streams["kinematic_beats"]) == 0


def test_no_frames_at_all() -> None:
    streams, _ = look([])
    assert [len(stream) for stream in streams.values()] == [0, 0, 0, 0]


def test_a_model_that_is_not_there_gives_masked_streams_and_one_sentence(tmp_path: Path) -> None:
    streams, notes = look(list(waves(2.0)), tmp_path / "no.task")
    assert len(notes) == 1
    assert "no.task" in notes[0]
    assert "\n" not in notes[0]
    assert len(streams["pose"]) == 60
    assert not streams["pose"].says_something


def bundle(path: Path) -> Path:
    """A `.task` file, as newer mediapipe wants it, of the networks in this mediapipe's wheel."""
    import mediapipe
    from mediapipe.tasks.python.metadata.metadata_writers.metadata_writer import MetadataWriter

    modules = Path(mediapipe.__file__).parent / "modules"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, file, mean, spread in (
            ("pose_detector.tflite", "pose_detection/pose_detection.tflite", 127.5, 127.5),
            ("pose_landmarks_detector.tflite", "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
        ):
            writer = MetadataWriter.create(bytearray((modules / file).read_bytes()))
            archive.writestr(name, bytes(writer.add_image_input([mean], [spread]).populate()[0]))
    return path


@carries_model
def test_a_task_file_gives_the_same_rests(dancer: tuple[list[FrameBatch], Truth], tmp_path: Path) -> None:
    streams, notes = look(dancer[0][:6], bundle(tmp_path / "made.task"))
    assert notes == []
    assert "made.task" in streams["pose"].source
    assert streams["pose"].mask.mean() > 0.95
    found_s = streams["kinematic_beats"].times_s
    true_s = np.array([time for time in dancer[1].kinematic_beats_s if time < 4.5])
    error_s = np.array([found_s[np.abs(found_s - time).argmin()] - time for time in true_s])
    assert np.abs(error_s).max() < 0.06
    assert abs(np.median(error_s)) < 0.015


def test_a_task_file_that_is_none_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.task").write_bytes(b"not a model")
    streams, notes = look(list(waves(1.2)), tmp_path / "bad.task")
    assert len(notes) == 1
    assert "bad.task" in notes[0]
    assert "\n" not in notes[0]
    assert not streams["pose"].says_something


@carries_model
def test_mediapipe_is_loaded_lean_quiet_and_whole_when_asked() -> None:
    program = """
import sys
import numpy as np
from encoders.landmarks import open_finder
finder = open_finder(None)
assert finder.find(np.full((90, 160, 3), 60, np.uint8)) is None
assert "matplotlib" not in sys.modules and "torch" not in sys.modules
import mediapipe
assert mediapipe.solutions.pose.PoseLandmark.NOSE == 0
print("said on purpose", file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "said on purpose\n"


@carries_model
def test_real_dancers_and_drawn_animals(media: Path) -> None:
    dance, _ = look(list(read(probe(media / "clips" / "aist_dance_original_music.mp4"))))
    assert dance["pose"].mask.mean() > 0.95
    assert len(dance["pose_looks"]) / dance["pose"].times_s[-1] < 9.0
    for time in STREET_RESTS_S:
        assert np.abs(dance["kinematic_beats"].times_s - time).min() < 0.06
    for nobody in ("bouncing_ball.mp4", "bigbuckbunny.mp4"):
        streams, _ = look(list(read(probe(media / "clips" / nobody))))
        assert len(streams["kinematic_beats"]) == 0
