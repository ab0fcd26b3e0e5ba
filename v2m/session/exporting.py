"""A session's music for other programs: MusicXML, tempo-mapped MIDI, stems."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from v2m.atomic import outputs
from v2m.session.errors import SessionError
from v2m.session.sounding import BLOCK_S
from v2m.session.work import Work

if TYPE_CHECKING:
    from v2m.session.session import Session


def export_session(
    session: Session,
    *,
    musicxml: Path | str | None = None,
    midi: Path | str | None = None,
    stems: Path | str | None = None,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write what a session holds for other programs. All of it appears, or none does.

    Args:
        session: rendered before.
        musicxml: a file for the score, in bars, with chord symbols, cues and tempi.
        midi: a file for all tracks, over the plan's tempo map: they land at the same seconds.
        stems: a folder for one 24-bit WAV a voice, at its level and place, without room and mastering.
        force: overwrite what is there.

    Returns:
        what was written.

    Raises:
        V2MError: one line, if nothing is asked for, the session is not rendered, or a place takes no file.
    """
    from v2m.report import Run
    from v2m.session.musicxml import write_musicxml

    if musicxml is None and midi is None and stems is None:
        raise SessionError("nothing is asked for: give --musicxml, --midi or --stems")
    work = Work(session.folder, session.settings, Run())
    if work.ledger.content("music.mid") is None or (stems is not None and not session.stems):
        raise SessionError(f"{session.folder}: is not rendered yet; v2m render {session.folder} does it")
    written: list[Path] = []
    with outputs(force, [session.clip]) as files:
        if musicxml is not None:
            write_musicxml(work, files.claim(Path(musicxml)))
            written.append(Path(musicxml))
        if midi is not None:
            shutil.copyfile(session.folder / "music.mid", files.claim(Path(midi)))
            written.append(Path(midi))
        if stems is not None:
            folder = files.claim_folder(Path(stems))
            for name, path in session.stems.items():
                _as_24_bit(path, folder / f"{name}.wav")
                written.append(Path(stems) / f"{name}.wav")
    return tuple(written)


def _as_24_bit(path: Path, out: Path) -> None:
    import soundfile

    from v2m.sound_file import SoundWriter, read_blocks

    known = soundfile.info(path)
    with SoundWriter(out, known.samplerate, known.frames) as file:
        for block in read_blocks(path, round(BLOCK_S * known.samplerate), known.frames):
            file.write(block)
