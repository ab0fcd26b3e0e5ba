"""What is asked for in a part of the music: heard there, and nowhere else in the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from generators.grid import PlanError
from generators.key import Key
from generators.music import SymbolicMusic
from generators.plan import Plan, make_plan
from generators.plan_file import plan_from_json, plan_to_json
from generators.rhythm import compose
from generators.steer import steer
from generators.wishes import Stretch, Wishes
from tests.generators import plans
from tests.generators.streams_by_hand import clip as streams_of
from tests.generators.streams_by_hand import curve, cuts

HERE = slice(5, 9)  # bars 6-9 of `plans.film`, 12.5 to 22.5 s


def steered(text: str, style: str = "cinematic") -> tuple[Plan, Plan]:
    plan = plans.film(style)
    return plan, steer(plan, [Stretch.parse(text)])


@pytest.mark.parametrize("at", ["bars 6-9", "12.5:22.5", "12:23"])
def test_curves_and_sections_change_there_alone(at: str) -> None:
    plan, now = steered(f"{at} mood=angry,density=0.9")
    for name, was in vars(plan.curves).items():
        after = np.array(getattr(now.curves, name))
        assert np.array_equal(np.delete(after, range(5, 9)), np.delete(np.array(was), range(5, 9)))
    assert np.mean(now.curves.density[HERE]) == pytest.approx(0.9, abs=0.05)
    assert np.mean(now.curves.valence[HERE]) == pytest.approx(-0.6, abs=0.05)
    assert np.mean(now.curves.arousal[HERE]) == pytest.approx(0.8, abs=0.05)
    assert np.mean(now.curves.loudness[HERE]) > np.mean(plan.curves.loudness[HERE]) + 0.05
    assert [(s.start_bar, s.end_bar) for s in now.sections] == [
        (0, 2), (2, 5), (5, 9), (9, 10), (10, 14), (14, 20), (20, 22),
    ]  # fmt: skip
    assert [s.title for s in now.sections] == ["I", "A", "A'", "A''", "B", "A'''", "O"]
    # An angry C major is C minor; around it C major stays.
    assert [str(s.key) for s in now.sections] == ["C major"] * 2 + ["C minor"] + ["C major"] * 4
    assert now.grid is plan.grid


def test_the_pictures_own_shape_is_still_there() -> None:
    plan, now = steered("bars 6-9 loudness=mf")
    was, after = (np.array(p.curves.loudness[HERE]) for p in (plan, now))
    assert after.mean() == pytest.approx(0.6, abs=0.02)
    assert np.corrcoef(was, after)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("key=Eb minor", "Eb minor"),
        ("scale=dorian", "C dorian"),
        ("mood=joyful", "C major"),
        ("energy=.5", "C major"),
    ],
)
def test_keys(asked: str, key: str) -> None:
    _, now = steered(f"bars 6-9 {asked}")
    assert str(next(s for s in now.sections if s.start_bar == 5).key) == key


def notes_in(music: SymbolicMusic, start_s: float, end_s: float) -> np.ndarray:
    """`[N, 2]`: pitch class (−1 for drums) and velocity of the notes that begin in a span."""
    rows = []
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        n = track.notes.numpy()
        there = (n["time"] >= start_s - 0.05) & (n["time"] < end_s - 0.05)
        for pitch, velocity in zip(n["pitch"][there], n["velocity"][there], strict=True):
            rows.append((-1 if voice.is_drum else int(pitch) % 12, int(velocity)))
    return np.array(rows)


@pytest.mark.parametrize("style", ["cinematic", "pop"])
def test_it_is_heard(style: str) -> None:
    """Fuller, emptier, louder, softer, darker: in the notes themselves."""

    def there(text: str) -> np.ndarray:
        return notes_in(compose(steered(text, style)[1]), 12.5, 22.5)

    plain = notes_in(compose(plans.film(style)), 12.5, 22.5)
    assert len(there("bars 6-9 energy=0.05")) * 1.5 < len(plain)
    assert len(there("bars 6-9 density=0.95")) > len(there("bars 6-9 density=0.1")) * 1.3
    loud, soft = (there(f"bars 6-9 loudness={word}")[:, 1].mean() for word in ("ff", "pp"))
    assert loud > soft + 25
    # In another key until the last bar, which leads back.
    for key in ("Eb minor", "F# major"):
        other = notes_in(compose(steered(f"bars 6-9 key={key}", style)[1]), 12.5, 20.0)[:, 0]
        home = notes_in(compose(plans.film(style)), 12.5, 20.0)[:, 0]
        shares = [np.mean(np.isin(row[row >= 0], Key.parse(key).scale)) for row in (other, home)]
        assert shares[0] > 0.7 > 0.3 > shares[1]


def test_a_plan_file_may_ask() -> None:
    """`stretches` of an edited file do what the option does; a file that is written has them worked in."""
    streams = streams_of(
        40.0, cuts([10.0, 20.0, 30.0]), curve("affect", 40.0, 0.5, valence=0.2, arousal=0.1, tension=0.2)
    )
    plan = make_plan(streams, Wishes(style="pop"))
    data = json.loads(plan_to_json(plan))
    assert data["stretches"] == []
    data["stretches"] = [{"at": "10:20", "mood": "sad", "loudness": "pp"}, {"at": "30:", "density": 0.9}]
    read = plan_from_json(json.dumps(data))
    wished = Wishes(
        style="pop", stretches=(Stretch.parse("10:20 mood=sad,loudness=pp"), Stretch.parse("30: density=0.9"))
    )
    assert read == make_plan(streams, wished)
    assert read != plan
    again = plan_from_json(plan_to_json(read))
    assert again == read
    del data["stretches"]
    assert plan_from_json(json.dumps(data)) == plan


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(stretches=[{"mood": "sad"}]), "stretch 1: at is missing"),
        (
            lambda d: d.update(stretches=[{"at": "1:9", "mood": "glum"}]),
            "stretch 1: mood 'glum' is none of joyful",
        ),
        (lambda d: d.update(stretches=[{"at": "1:9"}]), "stretch 1: nothing is asked for"),
        (
            lambda d: d.update(stretches=[{"at": "1:9", "density": True}]),
            "stretch 1: density True is no number",
        ),
        (lambda d: d.update(stretches=["sad"]), "stretch 1: must be an object"),
        (lambda d: d.update(stretches={}), "stretches must be a list"),
        (lambda d: d.update(stretches=[{"at": "80:90", "mood": "sad"}]), "begins after the clip's 20.00 s"),
    ],
)
def test_a_plan_file_that_asks_wrongly_is_one_line(
    change: Callable[[dict[str, object]], None], said: str
) -> None:
    plan = make_plan(streams_of(20.0, cuts([10.0])), Wishes(style="pop"))
    data = json.loads(plan_to_json(plan))
    change(data)
    with pytest.raises(PlanError) as caught:
        plan_from_json(json.dumps(data))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10:20", "write where and what"),
        ("mood=sad", "write where and what"),
        ("10:20 density=2", "density 2 is outside 0 to 1"),
        ("10:20 valence=-2", "valence -2 is outside -1 to 1"),
        ("10:20 density=lots", "is no number"),
        ("10:20 loudness=fff", "nor one of pp, p, mp, mf, f, ff"),
        ("10:20 colour=red", "none of mood, energy, density"),
        ("10:20 mood=sad,mood=joyful", "said once"),
        ("10:20 mood=sad,density", "said once"),
        ("10:20 energy=0.5,loudness=f", "energy is density and loudness together"),
        ("10:20 key=D,scale=minor", "a key says its scale"),
        ("10:20 key=H", "key 'H' is not understood"),
        ("10:20 scale=locrian", "scale 'locrian' is none of"),
        ("bars x mood=sad", "write seconds, as 12.5:20, or bars"),
    ],
)
def test_what_is_not_understood_is_one_line(text: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        Stretch.parse(text)
    assert said in str(caught.value)


def test_stretches_may_touch_and_not_overlap() -> None:
    plan = plans.film()
    both = [Stretch.parse("bars 3-5 mood=sad"), Stretch.parse("bars 6-9 mood=joyful")]
    assert {s.start_bar for s in steer(plan, both).sections} >= {2, 5, 9}
    with pytest.raises(PlanError, match="bars 3-6 and bars 6-9 overlap"):
        steer(plan, [replace(both[0], at=replace(both[0].at, end=6)), both[1]])
