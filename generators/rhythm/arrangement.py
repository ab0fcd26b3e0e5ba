"""Plan → who plays when: each part's bars, by section energy and role."""

from __future__ import annotations

from dataclasses import dataclass, replace

from generators.form import Section
from generators.rhythm.band import Band, Part
from generators.rhythm.timeline import Timeline
from generators.spotting import SOFT, THIN

HARMONIC = ("pad", "chords", "arpeggio")
FIGURING = ("arpeggio",)  # who answers each movement of the picture
GROWTH = 0.05  # a returning section is that much fuller each time
INTRO_BARS = 4  # an intro longer than a phrase is music of its own, and has what a theme has
MELODY_FROM = 0.12  # below this energy a theme has no melody: the picture is left alone


@dataclass(frozen=True)
class Casting:
    """Who plays.

    Attributes:
        sections: for each section of the plan the parts that play in it, in the band's order.
        under_words: those of them that play on while somebody speaks.
    """

    sections: tuple[tuple[Part, ...], ...]
    under_words: tuple[tuple[Part, ...], ...]

    def plays(self, part: Part, section: int) -> bool:
        return part in self.sections[section]

    def plays_under_words(self, part: Part, section: int) -> bool:
        return part in self.under_words[section]

    def has(self, role: str) -> tuple[bool, ...]:
        """For each section, whether anyone of a role plays in it."""
        return tuple(any(part.voice.role == role for part in parts) for parts in self.sections)


def cast_parts(timeline: Timeline, band: Band) -> Casting:
    """Choose the parts of each section.

    A part plays where the section's energy is in its range. Every section has harmony, a figuration
    and, in dance mode, drums and bass; every theme that is not near silence has a melody: where no
    part's range fits, the nearest one plays. A section that names its players has these and no others.
    """
    plan = timeline.plan
    sections = tuple(_section(band, section, plan.mode) for section in plan.sections)
    fewer = tuple(
        _under_words(band, section, plan.mode, parts)
        for section, parts in zip(plan.sections, sections, strict=True)
    )
    return Casting(sections, fewer)


def _under_words(band: Band, section: Section, mode: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Of a section's players those who would play if it were as thin and soft as it is under words.

    Someone always plays its chords.
    """
    thin = replace(section, energy=section.energy * (THIN + SOFT) / 2, players=None)
    needed = _section(band, thin, mode)
    fewer = tuple(p for p in parts if p in needed)
    if any(p.voice.role in HARMONIC for p in fewer):
        return fewer
    return tuple(p for p in parts if p in fewer or p.voice.role in HARMONIC)


def _section(band: Band, section: Section, mode: str) -> tuple[Part, ...]:
    if section.players is not None:
        return tuple(p for p in band.parts if p.voice.name in section.players)
    energy = min(section.energy + GROWTH * section.variation, 1.0)
    chosen = [p for p in band.parts if _willing(p, section) and p.energy[0] <= energy <= p.energy[1]]
    needed: list[tuple[str, ...]] = [HARMONIC, FIGURING]
    if (section.role == "theme" or _long_intro(section)) and energy >= MELODY_FROM:
        needed.append(("melody",))
    if mode == "dance":
        needed += [("drums",), ("bass",)]
    for roles in needed:
        if not any(p.voice.role in roles for p in chosen):
            able = [p for p in band.parts if p.voice.role in roles]
            if able:
                chosen.append(min(able, key=lambda p: _distance(p, energy)))
    return tuple(p for p in band.parts if p in chosen)


def _willing(part: Part, section: Section) -> bool:
    introduces = section.role == "intro" and not _long_intro(section)
    return (part.intro or not introduces) and (part.outro or section.role != "outro")


def _long_intro(section: Section) -> bool:
    return section.role == "intro" and section.end_bar - section.start_bar > INTRO_BARS


def _distance(part: Part, energy: float) -> float:
    return max(part.energy[0] - energy, energy - part.energy[1], 0.0)
