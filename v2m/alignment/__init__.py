"""How well music fits a picture, and whether chance would do as well.

One task a module, each with `validate`, pure metric functions and an `evaluate` (after mir_eval,
Raffel et al. 2014): `sync` and `local` for onsets against cuts, beats and movement, `beats`,
`motion_beats`, `curves`, `affect`, `music`, `sound`, `learned`; `chance` for the level that any of them
reaches by luck. They compare arrays: `seen` makes a picture into those, `heard` makes music, with
`flow`, `audio`, `onsets` and `tempo` under them. `v2m.scoring` puts it all together.
"""
