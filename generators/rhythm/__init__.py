"""The rhythm-controlled generator: a plan's grid, hits and curves → multi-track music."""

from generators.rhythm.compose import compose, outline, take_again

__all__ = ["compose", "outline", "take_again"]
