"""The published definitions, against a second implementation that is slow and plain."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.affective.chord_words import ALLOWED, EMOTIONS, WORDS, quality_of
from generators.affective.corpus import Song
from generators.affective.model import AffectiveTransformer
from generators.affective.scoring import COLUMNS, measure, score, summary
from tests.generators.affective.songs import TINY, songs


def guesses(song: Song, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    odds = 3 * torch.randn(len(song) - 1, WORDS, generator=generator)
    odds[torch.arange(len(song) - 1), song.music.chords[1:]] += 5 * torch.rand(
        len(song) - 1, generator=generator
    )
    return odds.log_softmax(-1), torch.randn(len(song) - 1, 2, generator=generator)


def naive(judged: list[Song], said: list[tuple[torch.Tensor, torch.Tensor]]) -> dict[str, float]:
    hits: dict[str, list[float]] = {}
    missed: list[list[float]] = [[], []]
    allowed = []
    for song, (odds, levels) in zip(judged, said, strict=True):
        chords = song.music.chords.tolist()
        steps = range(1, len(chords))
        order = [sorted(range(WORDS), key=lambda w: -float(odds[t - 1, w])) for t in steps]
        for k in (1, 3, 5):
            found = {t: chords[t] in order[t - 1][:k] for t in steps}
            hits.setdefault(f"hits@{k}", []).append(sum(found.values()) / len(found))
            changes = [found[t] for t in steps if chords[t] != chords[t - 1]]
            if changes:
                hits.setdefault(f"change_hits@{k}", []).append(sum(changes) / len(changes))
        nats = [-float(odds[t - 1, chords[t]]) for t in steps]
        hits.setdefault("nats", []).append(sum(nats) / len(nats))
        for t in steps:
            for level in (0, 1):
                true = float(song.music.levels[t, level])
                if not math.isnan(true):
                    missed[level].append((float(levels[t - 1, level]) - true) ** 2)
            feeling = song.values["emotion"][t].tolist()
            name = EMOTIONS[feeling.index(max(feeling))]
            if max(feeling) >= 0.8 and name != "neutral":
                allowed.append(quality_of(order[t - 1][0]) in ALLOWED[name])
    out = {name: sum(values) / len(values) for name, values in hits.items()}
    rms = [math.sqrt(sum(values) / len(values)) for values in missed]
    return {**out, "density": rms[0], "loudness": rms[1], "correspondence": sum(allowed) / len(allowed)}


def test_scores_are_those_of_the_definitions() -> None:
    judged = [*songs(count=3, held_out=0), *songs(count=1, steps=20, seed=1, held_out=0)]
    levels = judged[0].music.levels.clone()
    levels[5:9, 0] = torch.nan
    judged[0] = replace(judged[0], music=judged[0].music._replace(levels=levels))
    held = torch.full_like(judged[1].music.chords, 30)  # a song in which no chord changes
    judged[1] = replace(judged[1], music=judged[1].music._replace(chords=held))
    said = [guesses(song, i) for i, song in enumerate(judged)]
    rows = np.array([measure(song, *of_it) for song, of_it in zip(judged, said, strict=True)])
    assert rows.shape == (4, len(COLUMNS))
    found, wanted = summary(rows).plain(), naive(judged, said)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name


def test_perfect_guesses_are_perfect() -> None:
    (song,) = songs(count=1, held_out=0)
    odds = torch.full((len(song) - 1, WORDS), -torch.inf)
    odds[torch.arange(len(song) - 1), song.music.chords[1:]] = 0.0
    found = summary(measure(song, odds, song.music.levels[1:])[None])
    assert found.hits == found.change_hits == (1.0, 1.0, 1.0)
    assert (found.nats, found.density, found.loudness) == (0.0, 0.0, 0.0)


def test_the_musics_own_mood_is_never_told_and_songs_do_not_know_of_each_other() -> None:
    torch.manual_seed(0)
    model = AffectiveTransformer(TINY).eval()
    judged = [songs(count=1, held_out=0)[0], songs(count=1, steps=20, seed=3, held_out=0)[0]]
    whole = score(model, judged)
    moody = [replace(s, values={**s.values, "affect": 9 * torch.ones(len(s), 2)}) for s in judged]
    assert np.array_equal(score(model, moody).by_song, whole.by_song, equal_nan=True)
    for i, song in enumerate(judged):
        assert np.array_equal(score(model, [song]).by_song[0], whole.by_song[i], equal_nan=True)


def test_untold_levels_are_not_told() -> None:
    torch.manual_seed(0)
    model = AffectiveTransformer(TINY).eval()
    (song,) = songs(count=1, held_out=0)
    louder = replace(song, music=song.music._replace(levels=song.music.levels + 1))
    nats = [score(model, [s], levels_told=False).nats for s in (song, louder)]
    assert nats[0] == nats[1]
    assert score(model, [song]).nats != score(model, [louder]).nats
