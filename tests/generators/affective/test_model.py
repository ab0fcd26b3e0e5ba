"""The model: what is foretold depends on what was, and a sense that is masked is one that is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from generators.affective.corpus import batch
from generators.affective.model import AffectiveTransformer, Foretold, Step
from generators.affective.senses import PICTURE, WIDTHS, Senses
from tests.generators.affective.songs import TINY, songs


@pytest.fixture(scope="module")
def model() -> AffectiveTransformer:
    torch.manual_seed(1)
    made = AffectiveTransformer(replace(TINY, decoder_layers=2, lags=24)).eval()
    with torch.no_grad():  # nothing may be unheard because its weights begin small
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


@torch.no_grad()
def foretold(model: AffectiveTransformer, senses: Senses, music: Step) -> Foretold:
    said: Foretold = model(senses, music)
    return said


@pytest.mark.parametrize("at", [1, 20, 40])
@pytest.mark.parametrize("part", ["chords", "levels", "tune"])
def test_what_happens_at_a_step_tells_of_later_ones_alone(
    model: AffectiveTransformer, at: int, part: str
) -> None:
    senses, music, _ = batch(songs(count=2, held_out=0))
    changed = music._replace(**{part: getattr(music, part).clone()})
    getattr(changed, part)[:, at] = {"chords": 150, "levels": 2.0, "tune": 7}[part]
    before, after = foretold(model, senses, music), foretold(model, senses, changed)
    for one, other in zip(before, after, strict=True):
        # Row i foretells step i + 1.
        torch.testing.assert_close(one[:, :at], other[:, :at], rtol=0, atol=1e-5)
        assert not torch.allclose(one[:, at], other[:, at], atol=1e-5)


def test_odds_sum_to_one(model: AffectiveTransformer) -> None:
    senses, music, _ = batch(songs(count=2, held_out=0))
    said = foretold(model, senses, music)
    for odds in (said.chords, said.tune):
        torch.testing.assert_close(odds.exp().sum(-1), torch.ones(2, 47), rtol=0, atol=1e-4)


@pytest.mark.parametrize("sense", WIDTHS)
def test_a_masked_sense_is_one_that_is_absent(model: AffectiveTransformer, sense: str) -> None:
    (song,) = songs(count=1, held_out=0)
    absent = replace(song, values={n: v for n, v in song.values.items() if n != sense})
    there, music, _ = batch([song])
    without, _, _ = batch([absent])
    whole = foretold(model, there, music)
    masked = foretold(model, there.without(sense), music)
    for one, other in zip(masked, foretold(model, without, music), strict=True):
        assert torch.equal(one, other)
    assert not torch.allclose(whole.chords, masked.chords, atol=1e-6)


def test_all_of_the_picture_can_be_missing_even_if_it_is_not_a_number(model: AffectiveTransformer) -> None:
    (song,) = songs(count=1, held_out=0)
    senses, music, _ = batch([song])
    broken = {n: torch.full_like(v, torch.nan) if n in PICTURE else v for n, v in senses.values.items()}
    masked = foretold(model, senses.without(*PICTURE), music)
    said = foretold(model, Senses(broken, senses.heard, senses.corpus).without(*PICTURE), music)
    assert torch.equal(said.chords, masked.chords)


def test_a_sense_of_another_width_is_refused() -> None:
    senses, _, _ = batch(songs(count=1, held_out=0))
    with pytest.raises(ValueError, match="sense motion"):
        Senses({**senses.values, "motion": torch.zeros(1, 48, 3)}, senses.heard, senses.corpus)
