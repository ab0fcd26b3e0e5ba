"""What v2m keeps for its user between runs: ratings, and what the rated music was like."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """Where it is kept: `V2M_DATA`, or v2m's folder in the user's data (XDG base directories)."""
    if chosen := os.environ.get("V2M_DATA"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "v2m"
