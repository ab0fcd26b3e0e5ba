"""Picture and plan → controls: strokes where it moves, the plan's harmony, masks elsewhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from encoders.stream import Streams
from generators.key import Key
from generators.plan import Plan, make_plan
from generators.rhythm.timeline import Timeline
from generators.silence import Silence
from generators.vqgan.conducting import conduct
from generators.vqgan.controls import SAMPLE_RATE, SUB
from generators.vqgan.strokes import find_strokes
from generators.wishes import Wishes
from tests.generators.streams_by_hand import beats, clip, curve, cuts
from tests.generators.vqgan.codecs import HOP, codec

LENGTH_S = 16.0
DANCED_S = tuple(float(t) for t in np.arange(0.35, 15.0, 0.61))


def dance(danced: bool = True) -> Streams:
    moving = [1.0, 3.0, 1.0, 0.5]
    seen = (beats(DANCED_S), curve("limbs", LENGTH_S, 0.04, speed=moving)) if danced else ()
    affect = curve("affect", LENGTH_S, 0.5, valence=0.4, arousal=0.5, tension=0.1)
    return clip(LENGTH_S, cuts([]), curve("motion", LENGTH_S, 0.04, energy=moving, flux=0.1), affect, *seen)


@cache
def planned(style: str = "electronic") -> Plan:
    return make_plan(dance(), Wishes(mode="dance", style=style, key=Key.parse("D minor"), seed=3))


def seconds(frames: int) -> np.ndarray:
    return (np.arange(frames) + 0.5) * HOP / SAMPLE_RATE


def test_every_beat_of_the_dancer_is_struck_and_harder_than_the_beat_that_is_kept() -> None:
    strokes = find_strokes(Timeline(planned()), dance(), drums=True)
    times = np.array([s.time_s for s in strokes])
    danced = np.array([t for t in DANCED_S if t < planned().final_s - 0.1])
    met = np.abs(danced[:, None] - times).min(1) < 0.08
    assert met.mean() > 0.75  # as many as the bars' fullness allows
    moved = [s.strength for s in strokes if s.moved]
    kept = [s.strength for s in strokes if not s.moved]
    assert np.median(moved) > 1.5 * np.median(kept)
    assert (np.diff(times) > 0.02).all()


def test_without_the_dancer_the_strokes_do_not_follow_her() -> None:
    bare = dance(danced=False)
    plan = make_plan(bare, Wishes(mode="dance", style="electronic", key=Key.parse("D minor"), seed=3))
    times = np.array([s.time_s for s in find_strokes(Timeline(plan), bare, drums=True) if s.strength > 0.5])
    away = np.abs(np.array(DANCED_S)[:, None] - times).min(1) if len(times) else np.full(len(DANCED_S), 9.0)
    assert (away < 0.05).mean() < 0.6


def test_the_plan_alone_is_enough() -> None:
    controls = conduct(planned(), None, codec())
    assert controls.frames == -(-round(LENGTH_S * SAMPLE_RATE) // HOP)
    assert all(v.isfinite().all() for v in controls.values.values())
    assert controls.values["onsets"].any()


def test_the_harmony_is_the_plans_key_from_end_to_end() -> None:
    controls = conduct(planned(), dance(), codec())
    chroma = controls.values["chroma"][0].numpy()
    scale = list(Key.parse("D minor").scale)
    others = [p for p in range(12) if p not in scale]
    told = chroma - chroma.min()
    assert told[scale].sum() > 4 * told[others].sum()
    for part in np.array_split(told, 4, axis=1):  # a dominant may borrow its third
        assert part[scale].sum() > 2 * part[others].sum()


def test_the_beat_is_the_grids() -> None:
    controls = conduct(planned(), dance(), codec())
    at = planned().grid.downbeats_s[2]
    frame = int(np.argmin(np.abs(seconds(controls.frames) - at)))
    assert controls.values["beat"][0, 1, frame] > 0.99  # cosine of the bar's phase


def test_a_silence_of_the_plan_is_silent() -> None:
    plan = planned()
    start, end = plan.grid.bars[2].start_s, plan.grid.bars[3].start_s
    hushed = replace(plan, silences=(Silence(start, end, "stop"),))
    controls = conduct(hushed, dance(), codec())
    within = (seconds(controls.frames) > start + 0.3) & (seconds(controls.frames) < end - 0.05)
    inside = torch.from_numpy(within)
    assert controls.values["level"][0, 0, inside].max() < -4
    curves = controls.values["onsets"].reshape(1, 3, SUB, -1)[..., inside]
    assert curves.max() < 0.1
    assert controls.values["tones"][..., inside].abs().max() < 0.01


def test_it_gets_louder_where_the_plan_is_louder() -> None:
    plan = planned()
    bars = len(plan.grid.bars)
    swelling = tuple(0.2 + 0.7 * b / (bars - 1) for b in range(bars))
    louder = replace(plan, curves=replace(plan.curves, loudness=swelling))
    level = conduct(louder, dance(), codec()).values["level"][0, 0].numpy()
    quarter = len(level) // 4
    assert level[2 * quarter : 3 * quarter].mean() > level[:quarter].mean() + 0.3


def test_the_same_plan_gives_the_same_controls_and_another_seed_others() -> None:
    one, again = (conduct(planned(), dance(), codec()).values["tones"] for _ in range(2))
    other = conduct(replace(planned(), seed=4), dance(), codec()).values["tones"]
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
