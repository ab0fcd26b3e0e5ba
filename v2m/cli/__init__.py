"""The command line; what its commands are is in `v2m.cli.app`."""

from v2m.cli.app import main

__all__ = ["main"]
