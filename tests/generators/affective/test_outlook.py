"""What a clip's picture leads one to expect: it is learnt from songs, and no song tells of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generators.affective.corpus import Song, batch
from generators.affective.outlook import OF_CLIP, Outlook
from generators.affective.outlook_fitting import cross_fitted, fit
from generators.affective.senses import PICTURE
from tests.generators.affective.songs import songs

DENSITY = 3  # among what is said of a clip
SEMANTIC = PICTURE.index("semantic")


def pictured(song: Song, shown: float, density: torch.Tensor) -> Song:
    """The song with one component of its picture, and a density that may hang on it."""
    semantic = 0.05 * song.values["semantic"]
    semantic[:, 7] += shown
    levels = torch.stack([density.expand(len(song)), song.music.levels[:, 1]], 1)
    music = song.music._replace(levels=levels)
    return replace(song, music=music, values={**song.values, "semantic": semantic})


@pytest.fixture(scope="module")
def told() -> list[Song]:
    """Songs as dense as their picture shows."""
    shown = torch.linspace(-1, 1, 48)[torch.randperm(48, generator=torch.Generator().manual_seed(0))]
    made = songs(count=48, steps=32, held_out=0)
    return [pictured(song, float(x), x) for song, x in zip(made, shown, strict=True)]


def said_of(outlook: Outlook, song: Song, mask: tuple[str, ...] = ()) -> torch.Tensor:
    senses, _, _ = batch([song])
    return outlook(senses.without(*mask))[0]


def test_a_clip_that_was_not_seen_is_foretold_by_its_picture(told: list[Song]) -> None:
    outlook = fit(Outlook(), told[:36])
    unseen = told[36:]
    foretold = torch.stack([said_of(outlook, song)[0, SEMANTIC, DENSITY] for song in unseen])
    truth = torch.stack([song.music.levels[0, 0] for song in unseen])
    assert torch.corrcoef(torch.stack([foretold, truth]))[0, 1] > 0.9


def test_of_a_song_only_the_others_tell(told: list[Song]) -> None:
    # Levels that have nothing to do with the picture: a fit to the songs themselves would remember them.
    rng = torch.Generator().manual_seed(1)
    chance = [pictured(song, 0.0, torch.randn(1, generator=rng)) for song in told]
    own = fit(Outlook(), chance)
    truth = torch.stack([song.music.levels[0, 0] for song in chance])

    def agreement(said: list[torch.Tensor]) -> float:
        foretold = torch.stack([rows[0, SEMANTIC, DENSITY] for rows in said])
        return float((foretold * truth).mean())

    crossed = [song.outlook for song in cross_fitted(chance) if song.outlook is not None]
    assert len(crossed) == len(chance)
    assert agreement(crossed) < 0.15
    remembered = agreement([said_of(own, song) for song in chance])
    assert remembered == 0 or remembered > agreement(crossed)


def test_a_sense_that_is_silent_says_nothing_and_one_that_is_no_number_is_not_asked(told: list[Song]) -> None:
    outlook = fit(Outlook(), told)
    song = told[0]
    assert said_of(outlook, song, PICTURE).abs().max() == 0
    broken = replace(
        song, values={**song.values, "semantic": torch.full_like(song.values["semantic"], torch.nan)}
    )
    said = said_of(outlook, broken, ("semantic",))
    assert said.isfinite().all()
    others = [i for i in range(len(PICTURE)) if i != SEMANTIC]
    torch.testing.assert_close(said[:, others], said_of(outlook, song)[:, others])


def test_what_is_said_of_the_clip_is_the_same_at_every_step(told: list[Song]) -> None:
    said = said_of(fit(Outlook(), told), told[3])
    assert (said[:, :, :OF_CLIP] == said[:1, :, :OF_CLIP]).all()
    assert said[0, SEMANTIC, DENSITY] != 0
