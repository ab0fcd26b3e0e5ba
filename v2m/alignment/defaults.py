"""What measuring takes unless it is told otherwise, where the command line finds it without a wait."""

SHIFTS = 60
"""Turns of the music from which the chance level is taken (`v2m.alignment.chance`)."""
