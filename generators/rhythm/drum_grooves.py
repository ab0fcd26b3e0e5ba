"""Library + picture → which groove a label has, and what of it a bar plays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generators.form import Section
from generators.grid import DOTTED_SLOTS, is_dotted
from generators.rhythm.grooves import LEVELS, Family, Groove, Hit, load_families
from generators.rhythm.meter import fit_beats, is_waltz_in_eighths
from generators.rhythm.pulse import Attack, Pulse
from generators.rhythm.timeline import Timeline

CYCLE = 4  # bars after which a groove may be varied
LONG_CYCLE = 8  # after which it always is
VARY_FROM = 0.5  # density from which every fourth bar is varied

# What makes a groove fit a label: strokes that fall on what moves, enough of them for its fullest bars, a
# tempo at which people play it; and the seed's say.
MOVED_SHARE, TEMPO_COST, ROOM_COST, SEED_SHARE = 1.2, 0.8, 0.2, 0.35
FILL_MOVED_SHARE, FILL_SIZE_COST, FILL_AGAIN_COST = 1.0, 0.12, 0.5


@dataclass(frozen=True)
class Stroke:
    """A hit in its place: the drum, the slot of the bar, and how hard, 0 to 1 of the drum's full strokes."""

    drum: str
    slot: int
    touch: float


def level_of(density: float) -> int:
    """1 to 8."""
    return 1 + min(int(density * LEVELS), LEVELS - 1)


def choose_groove(timeline: Timeline, family: Family, pulse: Pulse, first: Section) -> Groove:
    """The family's groove for a label; `first` is its first section."""
    plan = timeline.plan
    bars = [b for s in plan.sections if s.label == first.label for b in range(s.start_bar, s.end_bar)]
    beats = int(np.bincount([plan.grid.bars[b].beats for b in bars]).argmax())
    bpm = float(np.median([plan.grid.tempo_bpm(b) for b in bars]))
    fullest = family.sizes[level_of(float(np.percentile([plan.curves.density[b] for b in bars], 80))) - 1]
    rng = timeline.random("drum groove", first.label)
    own = [g for g in family.grooves if g.beats == beats]
    options = own or [g for g in family.grooves if g.beats == 4] or list(family.grooves)
    scores = []
    for groove in options:
        moved = [_on_what_moves(groove, pulse, timeline, b) for b in bars]
        scores.append(
            MOVED_SHARE * float(np.mean(moved))
            - TEMPO_COST * abs(float(np.log2(bpm / groove.tempo_bpm)))
            - ROOM_COST * max(fullest - groove.fullness(), 0.0)
            + SEED_SHARE * float(rng.standard_normal())
        )
    return options[int(np.argmax(scores))]


def _on_what_moves(groove: Groove, pulse: Pulse, timeline: Timeline, b: int) -> float:
    """How much of a bar's movement kick and snare fall on, less where they strike and nothing moves."""
    bar = timeline.plan.grid.bars[b]
    strong = {s.slot for s in strokes_of(groove, b, 5, bar.beats, bar.slots_per_beat) if s.drum in _STRONG}
    asked = {a.slot: a.moved for a in pulse.bars[b] if not a.light}
    met = sum(asked.get(slot, 0.0) for slot in strong)
    return (met - 0.15 * len(strong - set(asked))) / max(sum(asked.values()), 1.0)


_STRONG = frozenset({"kick", "snare", "rim", "low", "mid", "high"})


def strokes_of(
    groove: Groove, number: int, level: int, beats: int, slots_per_beat: int, *, varied: bool = False
) -> list[Stroke]:
    """What a level of a groove plays in a bar of any metre.

    Args:
        number: which bar it is; even and odd ones differ as the drummer's did.
        level: 1 to 8.
        varied: play the drummer's variation, if there is one.
    """
    bar = groove.bars[-1] if varied and len(groove.bars) > 2 else groove.bars[number % 2]
    full = _full_strokes(groove)
    hits = [hit for hit in bar if hit.level <= level]
    return [
        Stroke(hit.drum, hit.slot, min(hit.velocity / full[hit.drum], 1.0))
        for hit in fit_hits(hits, groove.beats, beats, slots_per_beat)
    ]


def _full_strokes(groove: Groove) -> dict[str, int]:
    """Each drum's hardest stroke in a groove: how loud a drum is beside the others is the mix's to say."""
    full: dict[str, int] = {}
    for hit in (hit for bar in groove.bars[:2] for hit in bar):
        full[hit.drum] = max(full.get(hit.drum, 60), hit.velocity)
    for hit in (hit for bar in groove.bars[2:] for hit in bar):
        full.setdefault(hit.drum, 112)
    return full


def fit_hits(hits: list[Hit], written: int, beats: int, slots_per_beat: int) -> list[Hit]:
    """Hits of a bar of `written` beats of four slots, for a bar in another metre."""
    if is_dotted(beats, slots_per_beat):
        return [hit for hit in hits if hit.slot < DOTTED_SLOTS]
    if is_waltz_in_eighths(written, slots_per_beat):
        on_beats = [replace(hit, slot=hit.slot // 4) for hit in hits if hit.slot % 4 == 0]
        return [replace(hit, slot=3 * beat + hit.slot) for beat in range(beats) for hit in on_beats]
    out: dict[tuple[str, int], Hit] = {}
    for beat, source in enumerate(fit_beats(written, beats)):
        for hit in hits:
            if hit.slot // 4 == source:
                within = round(hit.slot % 4 * slots_per_beat / 4)
                if within < slots_per_beat:
                    placed = replace(hit, slot=beat * slots_per_beat + within)
                    out.setdefault((placed.drum, placed.slot), placed)
    return sorted(out.values(), key=lambda hit: (hit.slot, hit.drum))


def is_varied(offset: int, density: float) -> bool:
    """Whether the bar so far into its section is played another way: people repeat, and then they don't."""
    return offset % LONG_CYCLE == LONG_CYCLE - 1 or (offset % CYCLE == CYCLE - 1 and density >= VARY_FROM)


def choose_fill(
    timeline: Timeline, family: Family, attacks: tuple[Attack, ...], b: int, beats: int, used: list[int]
) -> list[Stroke]:
    """A fill for the last `beats` beats of a bar, the one that falls best on what moves there.

    Args:
        attacks: of the pulse in that bar.
        used: the numbers of fills played before, the last is the newest; this one is added.
    """
    bar = timeline.plan.grid.bars[b]
    fills = family.fills or tuple(f for other in load_families().values() for f in other.fills)
    start = (bar.beats - beats) * bar.slots_per_beat
    asked = {a.slot: a.moved for a in attacks if a.slot >= start}
    wanted = beats * (1.5 + 2.0 * timeline.plan.curves.density[b])
    rng = timeline.random("drum fill", b)
    best, choice = -np.inf, (0, [Hit("snare", 0, 100)])
    for number, fill in enumerate(fills):
        shifted = [replace(h, slot=h.slot - (4 - min(beats, 4)) * 4) for h in fill]
        hits = fit_hits([h for h in shifted if h.slot >= 0], min(beats, 4), beats, bar.slots_per_beat)
        if not hits:
            continue
        slots = {start + hit.slot for hit in hits}
        score = (
            FILL_MOVED_SHARE * sum(asked.get(s, -0.1) for s in slots) / len(slots)
            - FILL_SIZE_COST * abs(len(slots) - wanted)
            - FILL_AGAIN_COST * (number in used[-3:])
            + SEED_SHARE * float(rng.standard_normal())
        )
        if score > best:
            best, choice = score, (number, hits)
    used.append(choice[0])
    hardest = max(hit.velocity for hit in choice[1])
    return [Stroke(h.drum, start + h.slot, h.velocity / hardest) for h in choice[1]]
