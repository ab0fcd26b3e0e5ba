"""Fixtures that every test may use: clips made by code, and a folder of real clips if there is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from encoders._compat import mend_torchvision
from encoders.semantics import ClipModel
from tests import clips

TINY_CLIP = "v2m-tiny-clip"
MakeClip = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def _no_users_data(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ratings, and what clips were like, are kept in a folder of the tests' own; so by their processes."""
    os.environ["V2M_DATA"] = str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """`make_clip("vfr")` → the path of that clip of `clips.KINDS`, made once a session. Don't change it."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            ending, maker = clips.KINDS[kind]
            made[kind] = maker(folder / f"{kind}{ending}")
        return made[kind]

    return make


@pytest.fixture(scope="session")
def open_clip() -> Any:
    """open_clip, to which `TINY_CLIP` is an architecture like any other."""
    mend_torchvision()
    module = pytest.importorskip("open_clip")
    module.add_model_config(Path(__file__).parent / "encoders" / "open_clip_configs")
    return module


@pytest.fixture(scope="session")
def tiny(open_clip: Any, tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    """A CLIP of that architecture, its weights random but stored."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(7)
    model = open_clip.create_model(TINY_CLIP)
    path = tmp_path_factory.mktemp("clip") / "tiny.safetensors"
    # The prompts' embeddings are kept between tests, as they are between runs.
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return ClipModel(TINY_CLIP, path, cache=path.parent)


def media_folder() -> Path | None:
    """Where real clips are, from V2M_MEDIA; None if nowhere."""
    named = os.environ.get("V2M_MEDIA")
    return Path(named).resolve() if named and Path(named).is_dir() else None


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real clips; a test that asks for it is skipped where there is none."""
    folder = media_folder()
    if folder is None:
        pytest.skip("no folder of real clips (set V2M_MEDIA)")
    return folder
