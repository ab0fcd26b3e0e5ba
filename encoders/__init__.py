"""A clip → conditioning streams: what each sense has to say about the picture.

`encoders.clip.probe` looks at a file, `encoders.frames.read` decodes it once, and
`encoders.encode.encode` feeds that one pass to every sense and gathers their `Streams`.
One file a sense: `cuts`, `colour`, `motion`, `pose`, `semantics`, `affect`.
"""
