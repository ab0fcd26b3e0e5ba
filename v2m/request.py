"""What a person asks of one run, checked before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.errors import V2MError
from generators.drawn import DrawnCurve
from generators.grid import PlanError
from generators.key import Key
from generators.region import Region
from generators.style import load_style
from generators.wishes import BEST, Stretch, Wishes
from v2m.atomic import Outputs
from v2m.chosen_models import Models, choose_models
from v2m.compositor import can_copy
from v2m.containers import check_holds, container_of, suffix_for
from v2m.edit import check_can_edit, check_trim, parse_trim
from v2m.llm.endpoint import Endpoint, make_endpoint
from v2m.mix import MixSettings
from v2m.soundfont import ChosenFont, find_soundfont
from v2m.titles import check_title

if TYPE_CHECKING:
    from encoders.clip import Clip

Span = tuple[float, float | None]
EDITED_CODEC = "h264"
# Under the −1 dBTP that is promised: what is left is for the codec to add.
CEILING_DBTP = -1.5
MOST_CANDIDATES = 32


class RequestError(V2MError, ValueError):
    """Two options that exclude each other."""


@dataclass(frozen=True)
class Request:
    """One run's options, understood.

    Attributes:
        clip: the file.
        out: the scored clip, or None for the default name.
        wishes: what the planner is told.
        plan: a plan file that is continued from, or None.
        seed: the seed that was asked for, or None.
        keep_tracks: a MIDI file whose tracks are kept, or None.
        rewrite: regions of it that are written anew.
        loudness: what the mix is told.
        font: the SoundFont that plays.
        trim: the span of the clip that is used, in seconds from its first frame.
        title: lettering for the first seconds.
        models: what the senses run.
        critics: whether they have what was composed done again where it falls short.
        candidates: how many pieces are composed, of which the best is kept.
        llm: a language model that joins the critics, or None.
        files: wav, midi, save_plan, report, critics_log → where they are wanted.
        stems: the folder for the stems.
        force: whether existing outputs are overwritten.
        settings: the options as they were given, for the run report.
    """

    clip: Path
    out: Path | None
    wishes: Wishes
    plan: Path | None
    seed: int | None
    keep_tracks: Path | None
    rewrite: tuple[Region, ...]
    loudness: MixSettings
    font: ChosenFont
    trim: Span | None
    title: str | None
    models: Models
    critics: bool
    candidates: int
    llm: Endpoint | None
    files: dict[str, Path]
    stems: Path | None
    force: bool
    settings: dict[str, Any]

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every file that the run reads: no output may take its place."""
        style = self.wishes.style
        own_style = Path(style) if style is not None and style.endswith(".toml") else None
        named = (self.clip, self.plan, self.keep_tracks, self.font.path, own_style, *self.models.files)
        return tuple(path for path in named if path is not None)

    @property
    def edits(self) -> bool:
        """Whether the picture is changed, and therefore re-encoded."""
        return self.trim is not None or self.title is not None


def make_wishes(
    mode: str,
    style: str | None,
    key: str | None,
    tempo: float | None,
    mood: str | None,
    seed: int | None,
    at: Sequence[str] = (),
    metre: str | None = None,
    silences: str = "stills",
    generator: str = "auto",
    curve: Sequence[str] = (),
    primer: str | None = None,
) -> Wishes:
    """The planner's wishes out of the options' words; `auto` is the generator that measures best.

    Raises:
        PlanError: naming what is not understood and what is known.
    """
    if style is not None:
        load_style(style)
    stretches = tuple(Stretch.parse(text) for text in at)
    tonality = None if key is None else Key.parse(key)
    generator = BEST if generator == "auto" else generator
    return Wishes(
        mode, style, tonality, tempo, mood, seed or 0, stretches, metre, silences, generator,
        primer=tuple(() if primer is None else primer.split()),
        curves=tuple(DrawnCurve.parse(text) for text in curve),
    )  # fmt: skip


def make_request(
    clip: Path | str,
    out: Path | str | None,
    *,
    mode: str,
    style: str | None,
    key: str | None,
    tempo: float | None,
    metre: str | None,
    silences: str,
    generator: str,
    primer: str | None,
    mood: str | None,
    seed: int | None,
    plan: Path | str | None,
    keep_tracks: Path | str | None,
    rewrite: str | Sequence[str],
    at: str | Sequence[str],
    curve: str | Sequence[str],
    keep_audio: bool,
    lufs: float,
    stems: Path | str | None,
    soundfont: Path | str | None,
    title: str | None,
    trim: str | Span | None,
    clip_model: Path | str | None,
    pose_model: Path | str | None,
    critics: bool | None,
    candidates: int,
    llm: str | None,
    llm_model: str | None,
    force: bool,
    **files: Path | str | None,
) -> Request:
    """Check the options of `v2m.soundtrack` and put them in order.

    Raises:
        V2MError: one line, for the first option that is not understood or excluded by another.
    """
    given = {k: v for k, v in locals().items() if k not in ("clip", "out", "files")} | files
    asked = [name for name in ("style", "key", "tempo", "metre", "mood") if given[name] is not None]
    if mode != "auto":
        asked.insert(0, "mode")
    if plan is not None and asked:
        raise RequestError(f"the plan says its own {asked[0]}: change it in {plan}, or give no plan")
    if plan is not None and not Path(plan).is_file():
        raise PlanError(f"{plan}: no such file")
    regions = tuple(Region.parse(text) for text in _texts(rewrite))
    if regions and keep_tracks is None:
        raise RequestError("a region is rewritten within tracks that stay: name them with --keep-tracks")
    of_notes = {"midi": files.get("midi"), "stems": stems, "keep-tracks": keep_tracks, "soundfont": soundfont}
    asked_of_notes = [option for option, value in of_notes.items() if value is not None]
    if generator == "vqgan" and asked_of_notes:
        raise RequestError(
            f"--{asked_of_notes[0]} is for music made of notes, and vqgan makes sound: leave one of them out"
        )
    if title is not None:
        check_title(title)
    check_review(critics, candidates, llm, llm_model, kept=keep_tracks is not None)
    span = parse_trim(trim) if isinstance(trim, str) else trim
    if span is not None:
        check_trim(span)
    if out is not None:
        container_of(Path(out))
    return Request(
        clip=Path(clip),
        out=None if out is None else Path(out),
        wishes=make_wishes(
            mode, style, key, tempo, mood, seed, _texts(at), metre, silences, generator, _texts(curve), primer
        ),
        plan=None if plan is None else Path(plan),
        seed=seed,
        keep_tracks=None if keep_tracks is None else Path(keep_tracks),
        rewrite=regions,
        loudness=MixSettings(lufs=lufs, keep_audio=keep_audio, true_peak_dbtp=CEILING_DBTP),
        font=find_soundfont(None if soundfont is None else Path(soundfont)),
        trim=span,
        title=title,
        models=choose_models(clip_model, pose_model),
        critics=critics or (critics is None and llm is not None),
        candidates=candidates,
        llm=None if llm is None else make_endpoint(llm, llm_model),
        files={name: Path(path) for name, path in files.items() if path is not None},
        stems=None if stems is None else Path(stems),
        force=force,
        settings={k: str(v) if isinstance(v, Path) else v for k, v in given.items()},
    )


def check_review(
    critics: bool | None, candidates: int, llm: str | None, llm_model: str | None, *, kept: bool
) -> None:
    """Refuse what critics, candidates and a language model cannot do together.

    Raises:
        RequestError: naming the option.
    """
    if not 1 <= candidates <= MOST_CANDIDATES:
        raise RequestError(f"{candidates} candidates: give 1 to {MOST_CANDIDATES}")
    if kept and (critics or llm is not None):
        raise RequestError("critics do not touch tracks that are kept: leave out --critics and --llm")
    if llm is None and llm_model is not None:
        raise RequestError("a model is asked at an address: name it with --llm")
    if llm is not None and critics is False:
        raise RequestError("a language model joins the critics: leave out --no-critics")


def _texts(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@dataclass(frozen=True)
class Places:
    """Where a run writes.

    Attributes:
        scored: the hidden path of the scored clip until all is done.
        files: the hidden paths of the other files, by what they are.
        stems: the hidden folder of the stems, or None.
        work: a folder for what lies between; removed in the end.
        final: what → where it will be.
        recode: whether the picture is re-encoded because it cannot be copied into any format.
    """

    scored: Path
    files: dict[str, Path]
    stems: Path | None
    work: Path
    final: dict[str, str]
    recode: bool


def claim_places(request: Request, clip: Clip, outputs: Outputs) -> Places:
    """Claim every output before the work begins.

    Raises:
        OutputError: for an output that exists or is an input, or a place that takes none.
        ContainerError: for a name whose format cannot hold the picture.
        EditError: if the picture has to be re-encoded, and cannot be here.
    """
    fits = suffix_for(clip.codec, clip.path.suffix)
    copied = fits is not None and can_copy(clip)
    codec = clip.codec if copied and not request.edits else EDITED_CODEC
    suffix = suffix_for(codec, clip.path.suffix)
    out = request.out or clip.path.with_name(f"{clip.path.stem}.scored{suffix}")
    check_holds(out, codec)
    if request.edits or not copied:
        check_can_edit()
    final = {"scored": out, **request.files}
    files = {name: outputs.claim(path) for name, path in final.items()}
    stems = None if request.stems is None else outputs.claim_folder(request.stems)
    if request.stems is not None:
        final["stems"] = request.stems
    return Places(
        scored=files.pop("scored"),
        files=files,
        stems=stems,
        work=outputs.scratch(out),
        final={name: str(path.absolute()) for name, path in final.items()},
        recode=not copied and not request.edits,
    )
