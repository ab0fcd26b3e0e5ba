"""The affective generator: streams and a plan → chords, density and loudness, by a trained transformer."""

from generators.affective.shipped import shipped_models
from generators.affective.writing import write_chords

__all__ = ["shipped_models", "write_chords"]
