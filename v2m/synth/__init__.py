"""A synthesizer for electronic voices: a patch and a note → sound, as `sampler` does for SoundFonts.

    patch_file   a patch's TOML → its settings, checked
    analog       oscillators, a filter and envelopes (basses, pads, leads, plucks)
    fm           operators that modulate one another (electric pianos, bells)
    kit          percussion: tones that fall, noise, metal
    library      a patch's name → an instrument

A new voice is a new file in `patches/` and needs no code.
"""
