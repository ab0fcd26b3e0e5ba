"""A session's files as values: each is read when it is first asked for, and again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from encoders.errors import V2MError
from v2m.report import Run
from v2m.session.errors import SessionError
from v2m.session.ledger import Ledger
from v2m.session.settings import KEPT, Settings

if TYPE_CHECKING:
    from encoders.clip import Clip
    from encoders.stream import Streams
    from generators.cue_sheet import CueSheet
    from generators.kept import KeptTracks
    from generators.plan import Plan
    from generators.rhythm.scheme import Scheme
    from generators.written import WrittenChord
    from v2m.chosen_models import Models
    from v2m.session.sheets import MixSheet
    from v2m.soundfont import ChosenFont

T = TypeVar("T")


class Work:
    """One session while something is done with it.

    Attributes:
        folder: where its files are.
        settings: what was asked for.
        ledger: what was made of what.
        run: gathers seconds, sources and notes.
        scratch: a hidden folder for files that are not yet whole.
    """

    def __init__(self, folder: Path, settings: Settings, run: Run) -> None:
        self.folder, self.settings, self.run = folder, settings, run
        self.ledger = Ledger.load(folder)
        self.scratch = folder / ".part"
        self._read: dict[str, tuple[object, Any]] = {}

    def of(self, name: str, *, reader: Callable[[Path], T], beside: object = None) -> T:
        """A file's value, kept until its content (or `beside`, what it was read with) is another.

        Raises:
            SessionError: naming the file and what is wrong with it.
        """
        content = (self.ledger.content(name), beside)
        known = self._read.get(name)
        if known is None or known[0] != content:
            path = self.folder / name
            try:
                known = content, reader(path)
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or error
                raise SessionError(f"{path}: cannot be read ({why})") from error
            except V2MError as error:
                told = str(error)
                raise SessionError(told if told.startswith(str(path)) else f"{path}: {told}") from error
            self._read[name] = known
        return cast("T", known[1])

    def remembered(self, name: str, key: object, make: Callable[[], T]) -> T:
        """What `make` gives, kept for as long as `key` is the same."""
        known = self._read.get(name)
        if known is None or known[0] != key:
            known = key, make()
            self._read[name] = known
        return cast("T", known[1])

    @property
    def clip_path(self) -> Path:
        """The clip: as its path says, or from the folder that holds the session."""
        return self.folder.parent / self.settings.clip

    @property
    def clip(self) -> Clip:
        from encoders.clip import probe

        return self.remembered("clip", self.settings.clip, lambda: probe(self.clip_path))

    @property
    def models(self) -> Models:
        from v2m.chosen_models import choose_models

        s = self.settings
        return self.remembered("models", None, lambda: choose_models(s.clip_model, s.pose_model))

    @property
    def font(self) -> ChosenFont:
        from v2m.soundfont import find_soundfont

        given = self.settings.soundfont
        return self.remembered("font", given, lambda: find_soundfont(None if given is None else Path(given)))

    @property
    def streams(self) -> Streams:
        from encoders.stream import Streams

        return self.of("streams.npz", reader=Streams.load)

    @property
    def cues(self) -> CueSheet:
        from generators.cue_sheet import cue_sheet_from_json

        return self.of("spotting.json", reader=lambda path: cue_sheet_from_json(path.read_text("utf-8")))

    @property
    def plan(self) -> Plan:
        from generators.plan_file import load_plan

        return self.of("plan.json", reader=load_plan)

    @property
    def chords(self) -> tuple[WrittenChord, ...]:
        from v2m.session.sheets import harmony_from_json

        plan = self.plan
        return self.of(
            "harmony.json",
            reader=lambda path: harmony_from_json(path.read_text("utf-8"), plan),
            beside=self.ledger.content("plan.json"),
        )

    @property
    def playing(self) -> dict[str, frozenset[int]]:
        from v2m.session.sheets import arrangement_from_json

        voices, bars = self.voices, len(self.plan.grid.bars)
        return self.of(
            "arrangement.json",
            reader=lambda path: arrangement_from_json(path.read_text("utf-8"), voices, bars),
            beside=(tuple(voices), bars),
        )

    @property
    def scheme(self) -> Scheme:
        from generators.rhythm.scheme import Scheme

        return Scheme(self.chords, self.playing)

    @property
    def voices(self) -> dict[str, str]:
        """The style's voices, name → role."""
        from generators.rhythm.band import read_band
        from generators.style import load_style

        band = read_band(load_style(self.plan.style))
        voices = (*(part.voice for part in band.parts), *(accent.voice for accent in band.accents))
        return {voice.name: voice.role for voice in voices}

    @property
    def kept(self) -> KeptTracks | None:
        """The tracks that were given when the session was opened, within the clip."""
        if not self.settings.keep_tracks:
            return None
        from v2m.keeping import within_clip
        from v2m.midi_reading import read_tracks

        def read(path: Path) -> KeptTracks:
            return within_clip(read_tracks(path), self.clip.duration_s, path, self.run)

        return self.of(KEPT, reader=read)

    @property
    def melody(self) -> KeptTracks | None:
        return self._tracks("melody.mid")

    @property
    def music(self) -> KeptTracks | None:
        return self._tracks("music.mid")

    def _tracks(self, name: str) -> KeptTracks | None:
        from v2m.keeping import within_clip
        from v2m.midi_reading import EmptyMidiError, read_tracks

        plan = self.plan

        def read(path: Path) -> KeptTracks | None:
            try:
                return within_clip(read_tracks(path), plan.duration_s, path, self.run)
            except EmptyMidiError:
                return None

        return self.of(name, reader=read, beside=plan.duration_s)

    @property
    def mix(self) -> MixSheet:
        from v2m.session.sheets import mix_from_json

        return self.of("mix.json", reader=lambda path: mix_from_json(path.read_text("utf-8")))
