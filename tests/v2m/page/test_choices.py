"""What a form may say, and what it comes to."""

from __future__ import annotations

from typing import Any

import pytest

from encoders.errors import V2MError
from generators.key import Key
from generators.wishes import MOODS
from v2m.page.choices import FROM_PICTURE, Choices, known_keys, known_styles, nearest_mood

LEFT = ("Auto", FROM_PICTURE, FROM_PICTURE, 0, 0, FROM_PICTURE, None, "Auto", False, 0, 1)
NAMES = (
    *("follow", "style", "mood", "valence", "arousal", "key", "tempo", "writer"),
    *("keep_audio", "seed", "candidates"),
)


def form(**said: Any) -> Choices:
    return Choices.of_form(*({**dict(zip(NAMES, LEFT, strict=True)), **said}[name] for name in NAMES))


def test_what_is_left_is_left_to_the_picture() -> None:
    assert form() == Choices()
    wishes = form().wishes(10.0)
    assert (wishes["mood"], wishes["style"], wishes["key"], wishes["tempo"], wishes["at"]) == (None,) * 4 + (
        (),
    )


def test_a_named_mood_is_itself_and_between_two_the_nearest_with_its_very_feeling() -> None:
    for name, (valence, arousal) in MOODS.items():
        assert form(mood=name, valence=valence, arousal=arousal) == Choices(mood=name)
    between = form(mood="joyful", valence=0.45, arousal=-0.4)
    assert between.mood == nearest_mood(0.45, -0.4) == "dreamy"
    assert between.wishes(12.5)["at"] == ("0:12.500 valence=0.450,arousal=-0.400",)


def test_every_offered_choice_is_understood() -> None:
    assert all(form(style=style).style == style for style in known_styles())
    assert {str(Key.parse(key)) for key in known_keys()} == set(known_keys())
    assert len(known_keys()) == 72
    assert form(
        follow="Dancer", writer="Transformer", tempo=90, seed=7, candidates=3, keep_audio=True
    ) == Choices(mode="dance", generator="affective", tempo_bpm=90.0, seed=7, candidates=3, keep_audio=True)


@pytest.mark.parametrize(
    "said",
    [
        {"style": "/tmp/own.toml"}, {"style": "../x"}, {"style": ["piano"]}, {"follow": "film"},
        {"writer": "x"}, {"key": "H"}, {"tempo": 20}, {"tempo": float("nan")}, {"tempo": "90"},
        {"seed": -1}, {"seed": 10**9}, {"candidates": 9}, {"mood": "joyful", "valence": 3},
        {"mood": "joyful", "valence": None},
    ],
)  # fmt: skip
def test_what_no_form_of_ours_says_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(V2MError):
        form(**said)
