"""The rhythm-controlled generator: a plan's grid, hits and curves → multi-track music."""

from generators.rhythm.compose import compose

__all__ = ["compose"]
