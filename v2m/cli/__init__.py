"""The command line: `v2m soundtrack`, `plan`, `analyze`, `score`, `compare`, `models`, `doctor`."""

from v2m.cli.app import main

__all__ = ["main"]
