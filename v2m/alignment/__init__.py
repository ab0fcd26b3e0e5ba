"""How well music fits a picture, and whether chance would do as well.

One task a module, each with `validate`, pure metric functions and an `evaluate` (after mir_eval,
Raffel et al. 2014): `sync` for onsets against cuts, beats and movement, `chance` for the level
that any of them reaches by luck. `onsets` and `flow` turn sound and picture into the instants
and curves that the metrics compare.
"""
