"""The sample clips are what their truth says: cuts, fades, rests, pauses, and nothing else."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from demos.choreography import REPERTOIRE, choreography, pose_at
from demos.dance import FIRST_BEAT_S, TEMPO_BPM
from demos.figure import Pose, joints
from demos.make import CLIPS, main, make
from demos.speech import SAMPLE_RATE, speak
from demos.truth import Truth

SIZE = 180


def frames_of(path: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """(times_s `[N]`, grey `[N, 90, 160]`)."""
    with av.open(str(path)) as container:
        times, pictures = [], []
        for frame in container.decode(video=0):
            times.append(frame.time)
            pictures.append(frame.reformat(160, 90, format="gray").to_ndarray())
    return np.array(times), np.array(pictures)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return path, make("film", path, height=SIZE)


def test_film_cuts_are_where_the_truth_says_and_nowhere_else(film: tuple[Path, Truth]) -> None:
    path, truth = film
    times, pictures = frames_of(path)
    assert len(times) == round(truth.duration_s * truth.fps)
    change = np.abs(np.diff(pictures.astype(np.int16), axis=0)).mean(axis=(1, 2))
    calm = np.median(change)
    at_cuts = [round(cut * truth.fps) for cut in truth.cuts_s]
    assert times[at_cuts] == pytest.approx(truth.cuts_s, abs=1e-3)
    elsewhere = np.delete(change, [k - 1 for k in at_cuts])
    assert change[[k - 1 for k in at_cuts]].min() > 1.5 * elsewhere.max()
    assert change[[k - 1 for k in at_cuts]].min() > 8 * calm


def test_film_gaps_fades_and_moods(film: tuple[Path, Truth]) -> None:
    path, truth = film
    _, pictures = frames_of(path)
    light = pictures.reshape(len(pictures), -1).mean(axis=1)
    assert light[0] < 18
    assert light[-1] < 18
    fade_in, fade_out = truth.fades
    assert light[round(fade_in.end_s * truth.fps)] > 80
    assert light[round(fade_out.start_s * truth.fps)] > 80
    gaps = np.diff([0.0, *truth.cuts_s, truth.duration_s])
    assert gaps.min() >= 1.2
    assert gaps.max() <= 5.0
    assert truth.moods[0].start_s == 0.0
    assert truth.moods[-1].end_s == truth.duration_s
    assert all(a.end_s == b.start_s for a, b in pairwise(truth.moods))
    assert truth.moods[0].place == truth.moods[-1].place
    assert len({mood.name for mood in truth.moods}) >= 4


def test_another_seed_is_another_film_and_the_same_seed_the_same(tmp_path: Path) -> None:
    first = make("film", tmp_path / "a.mp4", height=90, duration_s=9.0, fps=10)
    again = make("film", tmp_path / "b.mp4", height=90, duration_s=9.0, fps=10)
    other = make("film", tmp_path / "c.mp4", height=90, duration_s=9.0, fps=10, seed=1)
    assert first == again
    assert (frames_of(tmp_path / "a.mp4")[1] == frames_of(tmp_path / "b.mp4")[1]).all()
    assert other.cuts_s != first.cuts_s


def test_the_body_rests_at_the_truths_beats_and_only_there() -> None:
    """The definition itself, on the joints: minima of the sum of joint speeds."""
    beat_s = 60 / TEMPO_BPM
    keys = choreography(0, 36)
    rate = 480
    times = np.arange(int(19 * rate)) / rate
    body = np.array([list(joints(pose_at(keys, (t - FIRST_BEAT_S) / beat_s)).values()) for t in times[::4]])
    speed = np.linalg.norm(np.diff(body, axis=0), axis=2).sum(axis=1) * rate / 4
    low = np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] < speed[2:])) + 1
    found = (times[::4][low] + times[::4][low + 1]) / 2
    expected = np.array([FIRST_BEAT_S + beat * beat_s for beat, _ in keys[1:]])
    expected = expected[expected < 18.9]
    rests = found[speed[low] < 0.6]
    assert len(rests) == len(expected)
    assert np.abs(rests - expected).max() < 0.01
    # Between two rests the body moves for certain.
    assert all(
        speed[(times[::4][:-1] > a) & (times[::4][:-1] < b)].max() > 2.0 for a, b in pairwise(expected)
    )


def test_some_moves_take_two_beats_so_rests_are_not_every_beat() -> None:
    steps = np.diff([beat for beat, _ in choreography(0, 36)])
    assert set(steps) == {1, 2}
    assert len(REPERTOIRE) >= 8


def test_bones_keep_their_length() -> None:
    keys = choreography(3, 20)
    for beat in np.linspace(0.0, 18.0, 60):
        body = joints(pose_at(keys, beat))
        for side in ("left", "right"):
            for a, b, length in (
                ("shoulder", "elbow", 0.29),
                ("elbow", "wrist", 0.25),
                ("hip", "knee", 0.44),
                ("knee", "ankle", 0.43),
            ):
                bone = np.linalg.norm(body[f"{side}_{a}"] - body[f"{side}_{b}"])
                assert bone == pytest.approx(length, abs=2e-3)


def test_mirroring_twice_changes_nothing() -> None:
    pose = REPERTOIRE["lunge"]
    assert pose.mirrored() != pose
    assert pose.mirrored().mirrored() == pose
    assert Pose.of(pose.vector()) == pose


def test_the_dancer_is_found_and_seen_to_rest_on_the_beat(tmp_path: Path) -> None:
    """The pose model in the wheel finds the drawn figure, and its landmarks slow at the truth's rests."""
    mediapipe = pytest.importorskip("mediapipe")
    if not hasattr(mediapipe, "solutions"):
        pytest.skip("this mediapipe carries no pose model")
    truth = make("dance", tmp_path / "dance.mp4", height=360, duration_s=5.0)
    times, places = [], []
    with (
        mediapipe.solutions.pose.Pose(model_complexity=1) as model,
        av.open(str(tmp_path / "dance.mp4")) as clip,
    ):
        for frame in clip.decode(video=0):
            found = model.process(frame.to_ndarray(format="rgb24")).pose_landmarks
            if found is not None:
                times.append(frame.time)
                places.append([(p.x * 16 / 9, p.y) for p in found.landmark])
    assert len(times) > 0.9 * 150
    speed = np.linalg.norm(np.diff(np.array(places)[:, 11:], axis=0), axis=2).sum(axis=1)
    speed = np.convolve(speed, [0.1, 0.2, 0.4, 0.2, 0.1], "same")
    low = np.flatnonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] < speed[2:])) + 1
    seen = (np.array(times)[low] + np.array(times)[low + 1]) / 2
    rests = np.array(truth.kinematic_beats_s)
    error = np.abs(rests[:, None] - seen[None, :]).min(axis=1)
    assert np.mean(error < 0.06) >= 0.8


def test_speech_is_silent_in_its_pauses_and_loud_in_its_phrases() -> None:
    speech = speak(12.0, seed=5)
    samples, phrases = speech.samples, speech.phrases
    assert 3 <= len(phrases) <= 8
    assert np.abs(samples).max() < 0.5
    inside = np.zeros(len(samples), bool)
    for start, end in phrases:
        inside[int((start - 0.01) * SAMPLE_RATE) : int((end + 0.08) * SAMPLE_RATE)] = True
    assert np.abs(samples[~inside]).max() < 1e-3
    for start, end in phrases:
        piece = samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        assert 20 * np.log10(np.sqrt(np.mean(piece**2))) > -32
    assert all(0.5 <= b[0] - a[1] <= 1.3 for a, b in pairwise(phrases))


def test_talk_carries_its_sound_from_the_first_frame_to_the_last(tmp_path: Path) -> None:
    truth = make("talk", tmp_path / "talk.mp4", height=SIZE, duration_s=6.0)
    with av.open(str(tmp_path / "talk.mp4")) as clip:
        blocks = [frame.to_ndarray().mean(axis=0) for frame in clip.decode(audio=0)]
        rate = clip.streams.audio[0].rate
    samples = np.concatenate(blocks)
    assert len(samples) / rate == pytest.approx(truth.duration_s, abs=0.05)
    start, end = truth.speech[0]
    before = samples[: int((start - 0.1) * rate)]
    during = samples[int(start * rate) : int(end * rate)]
    assert np.abs(before).max() < 0.01
    assert np.abs(during).max() > 0.1


def test_montage_cuts_every_half_second(tmp_path: Path) -> None:
    truth = make("montage", tmp_path / "montage.mp4", height=SIZE, duration_s=5.0)
    times, pictures = frames_of(tmp_path / "montage.mp4")
    change = np.abs(np.diff(pictures.astype(np.int16), axis=0)).mean(axis=(1, 2))
    assert len(truth.cuts_s) == 9
    assert np.diff(truth.cuts_s) == pytest.approx(0.5, abs=1e-9)
    found = np.sort(times[np.argsort(change)[-9:] + 1])
    assert found == pytest.approx(truth.cuts_s, abs=1e-3)


def test_still_does_not_move(tmp_path: Path) -> None:
    make("still", tmp_path / "still.mp4", height=SIZE, duration_s=2.0)
    _, pictures = frames_of(tmp_path / "still.mp4")
    assert np.abs(np.diff(pictures.astype(np.int16), axis=0)).max() <= 6


@pytest.mark.parametrize(
    ("arguments", "word"), [({"name": "opera"}, "film"), ({"height": 91}, "even"), ({"fps": 0}, "fps")]
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, arguments: dict[str, object], word: str) -> None:
    asked = {"name": "still", **arguments}
    with pytest.raises(ValueError, match=word):
        make(path=tmp_path / "no.mp4", **asked)
    assert list(tmp_path.iterdir()) == []


def test_command_line_makes_a_clip_and_its_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, told = tmp_path / "s.mp4", tmp_path / "s.json"
    main(["still", "-o", str(out), "--height", "90", "--fps", "10", "--duration", "1", "--truth", str(told)])
    assert "1.0 s, 160x90" in capsys.readouterr().out
    truth = Truth.load(told)
    assert (truth.name, truth.duration_s, truth.width) == ("still", 1.0, 160)
    with pytest.raises(SystemExit, match="even"):
        main(["still", "-o", str(out), "--height", "91"])


def test_truth_survives_its_file(film: tuple[Path, Truth], tmp_path: Path) -> None:
    assert Truth.load(film[1].save(tmp_path / "truth.json")) == film[1]


def test_a_clip_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises((OSError, RuntimeError)):
        make("still", tmp_path / "nowhere" / "s.mp4", height=90, duration_s=0.5)
    assert list(tmp_path.iterdir()) == []


def test_every_clip_is_listed_with_what_it_shows() -> None:
    assert set(CLIPS) == {"dance", "film", "talk", "montage", "still"}
