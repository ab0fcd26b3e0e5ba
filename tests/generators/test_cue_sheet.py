"""The cue sheet: there and back, and what a person's changes do to the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from encoders.stream import Streams
from generators.cue_sheet import Cue, cue_sheet_from_json, cue_sheet_to_json, spot
from generators.grid import PlanError
from generators.plan import make_plan
from generators.wishes import Wishes
from tests.generators.streams_by_hand import clip as streams_of
from tests.generators.streams_by_hand import curve, cuts

WISHES = Wishes(style="piano")


@pytest.fixture(scope="module")
def streams() -> Streams:
    motion = curve("motion", 24.0, 0.2, energy=[0.0, 0.0, 0.5], raw=0.1, camera=0.0, flux=0.0)
    affect = curve("affect", 24.0, 0.5, valence=[0.7, -0.7], arousal=[0.4, -0.5], tension=0.2)
    return streams_of(24.0, cuts([4.0, 8.3, 12.1, 16.2]), motion, affect)


def test_there_and_back(streams: Streams) -> None:
    sheet = spot(streams, WISHES)
    assert cue_sheet_from_json(cue_sheet_to_json(sheet)) == sheet
    assert [cue.time_s for cue in sheet.cues] == [4.0, 8.3, 12.1, 16.2]
    assert sheet.scenes[0].says == "playful, still"
    mood, movement = sheet.scenes[-1].says.split(", ")
    assert mood in ("sad", "melancholic", "mysterious")
    assert movement in ("moving", "lively")


def test_a_length_that_rounds_up_is_read_back() -> None:
    sheet = spot(streams_of(9.6396, cuts([4.0])), WISHES)
    assert cue_sheet_from_json(cue_sheet_to_json(sheet)) == sheet


def test_a_sheet_as_spotted_gives_the_plan_of_the_picture(streams: Streams) -> None:
    assert make_plan(streams, WISHES, cues=spot(streams, WISHES)) == make_plan(streams, WISHES)


def test_a_moved_cue_moves_its_hit_and_no_bar(streams: Streams) -> None:
    sheet, plan = spot(streams, WISHES), make_plan(streams, WISHES)
    moved = replace(sheet.cues[3], time_s=16.6, planned=True)
    other = make_plan(streams, WISHES, cues=replace(sheet, cues=(*sheet.cues[:3], moved)))
    assert [bar.beats_s for bar in other.grid.bars] == [bar.beats_s for bar in plan.grid.bars]
    hit = other.hits[-1]
    assert (hit.time_s, hit.planned) == (16.6, True)
    assert abs(hit.played_s - 16.6) <= 0.06
    assert other.hits[:3] == plan.hits[:3]


def test_a_cue_may_be_added_let_go_or_lead_the_bars(streams: Streams) -> None:
    sheet, plan = spot(streams, WISHES), make_plan(streams, WISHES)
    let_go = replace(sheet.cues[1], planned=False)
    added = Cue(14.77, "cut", 1.0, True, "she turns")
    cues = (sheet.cues[0], let_go, sheet.cues[2], added, sheet.cues[3])
    other = make_plan(streams, WISHES, cues=replace(sheet, cues=cues))
    hits = {hit.time_s: hit for hit in other.hits}
    assert not hits[8.3].planned
    assert abs(hits[14.77].played_s - 14.77) <= 0.06
    led = make_plan(streams, WISHES, cues=replace(sheet, cues=(*sheet.cues[:3], added), bars_follow="cues"))
    assert led.grid != plan.grid


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"time_s": 8.3', '"time_s": 83', "line 1[0-9]: cue 2: time_s must be a number from 0 to 24, not 83"),
        ('"kind": "cut"', '"kind": "bang"', "cue 3: kind 'bang' is none of section, cut, fade, beat"),
        ('"planned": null', '"planned": 1', "cue 1: planned must be true, false, or null"),
        ('"says": "a cut', '"sais": "a cut', "'sais' is none of time_s"),
        ('"version": 1', '"version": 9', "made by a newer version"),
        ('"bars_follow": "picture"', '"bars_follow": "me"', "bars_follow 'me' is none of picture, cues"),
        ('"cues": [', '"cues": [[', "line [0-9]+: not JSON"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(streams: Streams, old: str, new: str, said: str) -> None:
    text = cue_sheet_to_json(spot(streams, WISHES))
    assert old in text
    with pytest.raises(PlanError, match=said):
        cue_sheet_from_json(text.replace(old, new, 1))
