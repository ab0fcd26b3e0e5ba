"""What a style file says of its sound: read whole, refused where it is misspelt."""

from __future__ import annotations

import copy

import pytest

from generators.grid import PlanError
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.style import Style, load_style, style_names
from tests.generators.plans import film


def changed(path: tuple[str | int, ...], value: object) -> Style:
    """The electronic style with one thing in its arrangement changed."""
    style = load_style("electronic")
    arrangement = copy.deepcopy(style.arrangement)
    inner = arrangement
    for step in path[:-1]:
        inner = inner[step]  # type: ignore[index]
    inner[path[-1]] = value  # type: ignore[index]
    return Style(**{**style.__dict__, "arrangement": arrangement})


def test_a_style_without_sound_settings_is_mixed_plainly() -> None:
    from generators.desk import Desk, Strip

    for name in style_names():
        style = load_style(name)
        if "mix" not in style.arrangement:
            assert read_band(style).desk == Desk()
        for part in read_band(style).parts:
            if not part.voice.synth:
                assert part.voice.strip == Strip() or "mix" in style.arrangement


def test_settings_reach_the_voices_and_the_music() -> None:
    style = changed(("voices", 0, "compress"), {"threshold_db": -30, "ratio": 4.0})
    voice = read_band(style).parts[0].voice
    assert voice.synth
    assert voice.strip.compress is not None
    assert voice.strip.compress.threshold_db == -30.0
    music = compose(film("electronic", seed=9))
    assert music.seed == 9
    assert music.desk.pump is not None
    assert music.desk.echo is not None
    assert music.desk.echo.time_s == pytest.approx(0.75 * 60 / 96, abs=0.01)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("mix", "rooom"), {}, "rooom"),
        (("mix", "pump"), {"depth": 3}, "depth"),
        (("mix", "pump"), {"depth_db": "deep"}, "depth_db"),
        (("mix", "glue"), 3, "glue"),
        (("voices", 0, "eq"), [{"kind": "notch", "hz": 100}], "notch"),
        (("voices", 0, "eq"), {"kind": "peak"}, "list"),
        (("voices", 0, "compress"), {"ratio": 0.1}, "ratio"),
        (("voices", 0, "pump"), 7, "pump"),
        (("voices", 1, "rhythms"), ["x..y............"], "x..y"),
        (("voices", 5, "rhythms"), ["x..............."], "Lead"),
        (("voices", 1, "power"), True, "two octaves"),
        (("voices", 1, "hold"), 0.0, "hold"),
    ],
)
def test_a_setting_that_there_is_not_or_out_of_range_is_named(path, value, says) -> None:
    with pytest.raises(PlanError) as error:
        read_band(changed(path, value))
    assert says in str(error.value)
    assert "electronic" in str(error.value)
    assert "\n" not in str(error.value)
