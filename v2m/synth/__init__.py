"""A synthesizer for electronic voices: a patch and a note → sound, as `sampler` does for SoundFonts.

    library      a patch's name → an instrument
    analog       oscillators, a filter and envelopes (basses, pads, leads, plucks)
    fm           operators that modulate one another (electric pianos, bells)
    kit          percussion: tones that fall, noise, metal

A new voice is a new file in `patches/` and needs no code.
"""
