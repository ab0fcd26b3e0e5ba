"""Fréchet distance against its closed forms, embeddings from files, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm

from tests.v2m.alignment.sounds import tone
from v2m.alignment.chance import white_noise
from v2m.alignment.learned import (
    EmbeddingError,
    Embeddings,
    evaluate,
    frechet_distance,
    joint_similarity,
    load_embeddings,
    mel_statistics,
    prompt_agreement,
)


def test_frechet_distance_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0, 1, (200, 6)) @ rng.normal(0, 1, (6, 6))
    b = rng.normal(0.5, 2, (150, 6)) @ rng.normal(0, 1, (6, 6))
    s, t = np.cov(a.T), np.cov(b.T)
    plain = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s + t - 2 * sqrtm(s @ t).real)
    assert frechet_distance(a, b) == pytest.approx(plain, rel=1e-8)
    assert frechet_distance(b, a) == pytest.approx(plain, rel=1e-8)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(a, a + 3) == pytest.approx(6 * 9)  # moved as a whole
    assert frechet_distance(a, 2 * (a - a.mean(0)) + a.mean(0)) == pytest.approx(np.trace(s))


def test_frechet_distance_stands_fewer_rows_than_dimensions_and_large_offsets() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, (9, 512)), rng.normal(0, 1, (7, 512))
    assert frechet_distance(a, b) > 0
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    far = frechet_distance(a + 1e6, b + 1e6)
    assert far == pytest.approx(frechet_distance(a, b), rel=1e-6)
    one_place = np.tile(a[0], (5, 1))
    assert frechet_distance(one_place, one_place + 1) == pytest.approx(512)
    for bad in (a[:1], rng.normal(0, 1, (9, 511))):
        with pytest.raises(ValueError, match="at least two rows"):
            frechet_distance(bad, b)


def test_mel_statistics_tell_sounds_apart_and_do_not_hear_the_gain() -> None:
    chord = np.concatenate([tone((48, 60, 64, 67), 1.0) for _ in range(8)])
    again = np.concatenate([tone((50, 62, 65, 69), 1.0) for _ in range(8)])
    noise = white_noise(8.0)
    rows = mel_statistics(chord)
    assert rows.shape == (15, 64)  # of 23 frames, 0.53 s, each
    near = frechet_distance(rows, mel_statistics(again))
    far = frechet_distance(rows, mel_statistics(noise))
    assert far > 2 * near
    quiet = frechet_distance(rows, mel_statistics((0.1 * chord).astype(np.float32)))
    assert quiet < 0.05 * near
    with pytest.raises(ValueError, match="at least"):
        mel_statistics(chord[:2000])


def test_embeddings_come_from_files_and_what_is_none_is_refused(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).normal(0, 1, (12, 8)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows)
    np.savez(tmp_path / "b.npz", embeddings=rows, model=np.array("vggish"))
    assert load_embeddings(tmp_path / "a.npy").rows == pytest.approx(rows)
    assert load_embeddings(tmp_path / "b.npz").model == "vggish"
    np.savez(tmp_path / "c.npz", other=rows)
    np.save(tmp_path / "d.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "e.npy", rows[0])
    np.save(tmp_path / "f.npy", np.full((3, 3), np.nan))
    (tmp_path / "g.npy").write_text("hello")
    (tmp_path / "h.npz").write_bytes(b"PK\x03\x04 cut short")
    for name, says in (
        ("c.npz", "no array named embeddings"),
        ("d.npy", "cannot be read"),
        ("e.npy", "finite matrix"),
        ("f.npy", "finite matrix"),
        ("g.npy", "cannot be read"),
        ("h.npz", "cannot be read"),
        ("nowhere.npy", "cannot be read"),
    ):
        with pytest.raises(EmbeddingError, match=says) as caught:
            load_embeddings(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_without_anything_each_metric_says_what_to_give() -> None:
    measures = evaluate()
    assert [m.name for m in measures] == [
        "frechet_audio_distance",
        "mel_frechet_distance",
        "joint_similarity",
        "prompt_agreement",
    ]
    assert all(not m.defined and m.note for m in measures)


def test_what_is_given_is_measured_and_what_does_not_go_together_is_refused() -> None:
    rng = np.random.default_rng(3)
    music, other = Embeddings(rng.normal(0, 1, (30, 8)), "m"), Embeddings(rng.normal(1, 1, (40, 8)), "m")
    sound = tone((48, 60, 64, 67), 4.0)
    found = {
        m.name: m
        for m in evaluate(music=music, reference=other, samples=sound, reference_samples=white_noise(4.0))
    }
    distance = found["frechet_audio_distance"]
    assert distance.score == pytest.approx(frechet_distance(music.rows, other.rows))
    assert (distance.details["rows"], distance.details["reference_rows"]) == (30, 40)
    assert found["mel_frechet_distance"].defined
    assert "no FAD" in found["mel_frechet_distance"].note
    with pytest.raises(EmbeddingError, match="not comparable"):
        evaluate(music=music, reference=Embeddings(other.rows, "another"))
    with pytest.raises(EmbeddingError, match="dimensions"):
        evaluate(picture=music, joint_music=Embeddings(rng.normal(0, 1, (30, 9))))


def test_joint_similarity_is_highest_in_time_and_has_its_chance_level() -> None:
    rng = np.random.default_rng(4)
    scenes = rng.normal(0, 1, (40, 32))
    music = np.repeat(scenes, 2, axis=0) + 0.3 * rng.normal(0, 1, (80, 32))
    assert joint_similarity(scenes, scenes) == pytest.approx(1)
    found = evaluate(picture=Embeddings(scenes), joint_music=Embeddings(music))[2]
    assert found.score > 0.9
    assert found.chance is not None
    assert abs(found.chance.mean) < 0.1
    assert found.chance.p_value == 0
    assert evaluate(picture=Embeddings(scenes), joint_music=Embeddings(music), shifts=0)[2].chance is None


def test_prompts_bridge_two_spaces_of_different_size() -> None:
    rng = np.random.default_rng(5)
    to_picture, to_sound = rng.normal(0, 1, (6, 24)), rng.normal(0, 1, (6, 40))
    mood, other = np.array([1.0, 0.8, 0, 0, 0, 0]), np.array([0, 0, 0, 0, 0.9, 1.0])
    to_picture, to_sound = (np.linalg.qr(x.T)[0].T for x in (to_picture, to_sound))
    picture, fits, jars = mood @ to_picture, mood @ to_sound, other @ to_sound
    good = prompt_agreement(picture[None], to_picture, fits[None], to_sound)
    bad = prompt_agreement(picture[None], to_picture, jars[None], to_sound)
    assert good > 0.8
    assert good > bad + 0.5
    whole = tuple(Embeddings(np.atleast_2d(e)) for e in (picture, to_picture, fits, to_sound))
    assert evaluate(prompts=whole)[3].score == pytest.approx(good)  # type: ignore[arg-type]
    with pytest.raises(EmbeddingError, match="same prompts"):
        evaluate(prompts=(whole[0], whole[1], whole[2], Embeddings(to_sound[:4])))
