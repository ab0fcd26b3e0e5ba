"""Fixtures that every test may use: clips made by code, and a folder of real clips if there is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import clips

MakeClip = Callable[[str], Path]


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
