"""How a style is mixed: what each voice's channel does, and what all of them go through. Plain data.

In a style file a channel's fields stand beside the voice's own, and the desk is `[arrangement.mix]`.
All that is left out does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from encoders.errors import V2MError

SHORTEST_ECHO_S, LONGEST_ECHO_S = 0.05, 2.0
EQ_KINDS = ("low-cut", "high-cut", "low-shelf", "high-shelf", "peak")


class DeskError(V2MError, ValueError):
    """A mix setting is out of range."""


@dataclass(frozen=True)
class EqBand:
    """One band of an equaliser.

    Attributes:
        kind: one of `EQ_KINDS`.
        hz: where it cuts, turns or peaks.
        gain_db: of a shelf or a peak.
        q: how narrow; 0.707 is without a bump for cuts and shelves.
    """

    kind: str
    hz: float
    gain_db: float = 0.0
    q: float = 0.707

    def __post_init__(self) -> None:
        if self.kind not in EQ_KINDS:
            raise DeskError(f"eq {self.kind!r} is none of {', '.join(EQ_KINDS)}")
        if not 20 <= self.hz <= 20000 or not abs(self.gain_db) <= 18 or not 0.3 <= self.q <= 8:
            raise DeskError("an eq band has 20 to 20000 hz, a gain of −18 to 18 dB and a q of 0.3 to 8")


@dataclass(frozen=True)
class Compression:
    """A compressor. Voices come at −24 LUFS for a note of middling strength, before their level.

    Attributes:
        threshold_db: mean level from which on it works, against full scale.
        ratio: decibels in for one decibel out, above that.
        attack_ms, release_ms: how fast it goes down; how long it takes to come up by 10 dB.
        gain_db: level given back.
    """

    threshold_db: float = -24.0
    ratio: float = 2.0
    attack_ms: float = 10.0
    release_ms: float = 150.0
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        if not -60 <= self.threshold_db <= 0 or not 1 <= self.ratio <= 20 or not abs(self.gain_db) <= 18:
            raise DeskError("a compressor's threshold is −60 to 0 dB, ratio 1 to 20, gain −18 to 18 dB")
        if not 0.5 <= self.attack_ms <= 200 or not 10 <= self.release_ms <= 2000:
            raise DeskError("a compressor's attack is 0.5 to 200 ms, its release 10 to 2000 ms")


@dataclass(frozen=True)
class Strip:
    """A voice's channel, in the order in which the sound goes through it.

    Attributes:
        eq: bands.
        compress: the compressor, or None.
        drive_db: how far its loudest is clipped, softly; 0 for not.
        width: 0 folds it to mono, 1 leaves it.
        pump: 0 to 1, how much it gives way to the kick (`Desk.pump`).
        echo: how much of it is sent to the echo (`Desk.echo`), 0 to 1.
    """

    eq: tuple[EqBand, ...] = ()
    compress: Compression | None = None
    drive_db: float = 0.0
    width: float = 1.0
    pump: float = 0.0
    echo: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.width <= 1 or not 0 <= self.pump <= 1 or not 0 <= self.echo <= 1:
            raise DeskError("width, pump and echo are 0 to 1")
        if not 0 <= self.drive_db <= 30:
            raise DeskError("drive_db is 0 to 30")


@dataclass(frozen=True)
class Pump:
    """How voices give way at each stroke of the kick.

    Attributes:
        depth_db: how far down a voice goes that gives way in full, at a stroke in full.
        attack_ms, hold_ms, release_ms: down, stay, and back up.
    """

    depth_db: float = 9.0
    attack_ms: float = 4.0
    hold_ms: float = 30.0
    release_ms: float = 180.0

    def __post_init__(self) -> None:
        if not 0 <= self.depth_db <= 40 or not 1 <= self.attack_ms <= 50:
            raise DeskError("a pump's depth is 0 to 40 dB, its attack 1 to 50 ms")
        if not 0 <= self.hold_ms <= 500 or not 10 <= self.release_ms <= 1000:
            raise DeskError("a pump's hold is 0 to 500 ms, its release 10 to 1000 ms")


@dataclass(frozen=True)
class Echo:
    """Repeats, from side to side, each darker and softer than the one before.

    Attributes:
        time_s: from one to the next.
        beats: that time in beats of the music, which then replaces it (`Desk.in_time`); 0 for not.
        feedback: how much of one comes back, 0 to 0.8.
        low_cut_hz, high_cut_hz: what each repeat loses.
        room: how much of it is sent on to the room, 0 to 1.
    """

    time_s: float = 0.36
    beats: float = 0.0
    feedback: float = 0.4
    low_cut_hz: float = 250.0
    high_cut_hz: float = 4000.0
    room: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.beats <= 4:
            raise DeskError("an echo's beats are 0 to 4")
        if (
            not SHORTEST_ECHO_S <= self.time_s <= LONGEST_ECHO_S
            or not 0 <= self.feedback <= 0.8
            or not 0 <= self.room <= 1
        ):
            raise DeskError("an echo's time is 0.05 to 2 s, its feedback 0 to 0.8, its room 0 to 1")
        if not 20 <= self.low_cut_hz < self.high_cut_hz <= 20000:
            raise DeskError("an echo's low_cut_hz lies below its high_cut_hz, from 20 to 20000")


@dataclass(frozen=True)
class Room:
    """The reverb.

    Attributes:
        decay_s: time to −60 dB at 500 Hz.
        predelay_s: before its first reflection.
        brightness: the part of that decay time which 8 kHz keeps.
        low_cut_hz: below this nothing reverberates.
    """

    decay_s: float = 1.6
    predelay_s: float = 0.018
    brightness: float = 0.4
    low_cut_hz: float = 180.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.decay_s <= 8 or not 0 <= self.predelay_s <= 0.2 or not 0 < self.brightness <= 1:
            raise DeskError("a room decays in 0.2 to 8 s, its predelay is at most 0.2 s, brightness 0 to 1")
        if not 20 <= self.low_cut_hz <= 2000:
            raise DeskError("a room's low_cut_hz is 20 to 2000")


@dataclass(frozen=True)
class Desk:
    """What all voices share: the room, the kick's pump, the echo, and what their sum goes through.

    Attributes:
        room, pump, echo: see there.
        eq, glue, drive_db: of the sum, in this order.
    """

    room: Room = field(default_factory=Room)
    pump: Pump | None = None
    echo: Echo | None = None
    eq: tuple[EqBand, ...] = ()
    glue: Compression | None = None
    drive_db: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.drive_db <= 30:
            raise DeskError("drive_db is 0 to 30")

    def in_time(self, beat_s: float) -> Desk:
        """The desk with its echo at the music's tempo."""
        if self.echo is None or not self.echo.beats:
            return self
        time_s = min(max(self.echo.beats * beat_s, SHORTEST_ECHO_S), LONGEST_ECHO_S)
        return replace(self, echo=replace(self.echo, time_s=time_s, beats=0.0))
