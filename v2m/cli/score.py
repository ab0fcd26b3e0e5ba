"""`v2m score`: how well music fits a picture, beside what chance would score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from v2m.alignment.defaults import SHIFTS
from v2m.cli.options import ClipModelFile, Force, Json, PoseModelFile
from v2m.cli.progress import StageProgress

if TYPE_CHECKING:
    from v2m.scoring.request import Request


def command(
    clip: Annotated[
        Path | None,
        typer.Argument(metavar="[CLIP | FOLDER]", help="A clip, or a folder of them.", show_default=False),
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The music. Otherwise the clip's own sound.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The plan that the music was made from.")
    ] = None,
    midi: Annotated[Path | None, typer.Option(metavar="FILE", help="The music's notes and bars.")] = None,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A soundtrack to compare the music with.")
    ] = None,
    embeddings: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="MUSIC REFERENCE",
            help="Two files (.npy, .npz) of one model of sound: the Fréchet distance.",
            rich_help_panel="Models",
        ),
    ] = None,
    joint_embeddings: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="PICTURE MUSIC",
            help="Two files of one model of both: their similarity.",
            rich_help_panel="Models",
        ),
    ] = None,
    prompt_embeddings: Annotated[
        tuple[Path, Path, Path, Path] | None,
        typer.Option(
            metavar="PICTURE PROMPTS MUSIC PROMPTS",
            help="Four files, two of a model of pictures, two of one of sounds: do they like the same texts?",
            rich_help_panel="Models",
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also a row a clip.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also one page that shows where the music fits."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Where a folder's results go. Otherwise FOLDER/scores."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Clips at once. Otherwise as the machine allows.")
    ] = None,
    shifts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Turns of the music that the chance level is taken from.")
    ] = SHIFTS,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the turns and the noise.")] = 0,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Score music under a picture: every number beside its chance level and three straw men.

    The music is the clip's own sound, or --audio. Without a clip, --audio and --reference are compared.
    Of a FOLDER every clip is scored, and an interrupted run goes on; --audio, --plan, --midi and
    --reference may then name folders in which the file of the clip's name is taken.
    """
    from v2m.scoring.request import make_request

    request = make_request(
        clip,
        audio=audio,
        plan=plan,
        midi=midi,
        reference=reference,
        shifts=shifts,
        seed=seed,
        clip_model=clip_model,
        pose_model=pose_model,
        embeddings=embeddings,
        joint_embeddings=joint_embeddings,
        prompt_embeddings=prompt_embeddings,
    )
    if clip is not None and clip.is_dir():
        if html is not None:
            raise typer.BadParameter("a page shows one clip, not a folder", param_hint="--html")
        if request.embeddings.files:
            raise typer.BadParameter("embeddings are of one clip, not of a folder", param_hint="--embeddings")
        _folder(clip, request, out, jobs, csv, force, as_json)
    else:
        for option, given in (("--out", out), ("--jobs", jobs)):
            if given is not None:
                raise typer.BadParameter("goes with a folder of clips", param_hint=option)
        _clip(request, csv, html, force, as_json)


def _clip(request: Request, csv: Path | None, html: Path | None, force: bool, as_json: bool) -> None:
    from v2m.atomic import outputs
    from v2m.scoring.clip import score_request
    from v2m.scoring.result import to_csv
    from v2m.scoring.table import print_score, wide_console

    with outputs(force, request.inputs) as files, StageProgress() as progress:
        place = files.claim(csv) if csv else None
        page = files.claim(html) if html else None
        result = score_request(request, progress)
        if page is not None:
            from v2m.score_page import render
            from v2m.scoring.page import page_of

            page.write_text(render(page_of(result)), encoding="utf-8")
        if place is not None:
            place.write_text(to_csv([result.as_dict()]), encoding="utf-8")
    if as_json:
        print(result.to_json())
    else:
        print_score(result.as_dict(), wide_console())


def _folder(
    folder: Path,
    request: Request,
    out: Path | None,
    jobs: int | None,
    csv: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    import json
    import sys

    from rich.text import Text

    from v2m.atomic import outputs
    from v2m.scoring.folder import inputs_of, score_folder
    from v2m.scoring.result import set_measures, to_csv
    from v2m.scoring.table import print_measures, wide_console

    with outputs(force, inputs_of(folder, request)) as files, StageProgress() as progress:
        place = files.claim(csv) if csv else None
        done = score_folder(
            folder, request, out=out, workers=jobs, progress=lambda name, share: progress("clips", share)
        )
        if place is not None:
            place.write_text(to_csv(done.scores), encoding="utf-8")
    means = set_measures(done.scores, done.pieces)
    if as_json:
        told = {"clips": list(done.scores), "mean": means, "failures": done.failures}
        print(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        console = wide_console()
        title = f"{folder}: means over {len(done.scores)} clips ({done.reused} scored before)"
        console.print(Text(title, style="bold"))
        print_measures(means, console)
        for name, path in done.places.items():
            console.print(Text(f"  {name}: {path}", style="dim"), soft_wrap=True)
    for line in done.failures.values():
        print(f"v2m: {line}", file=sys.stderr)
    if done.failures:
        raise typer.Exit(1)
