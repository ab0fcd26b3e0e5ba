"""A language model as a reader of plans: any server that speaks OpenAI's chat completions.

Nothing here is needed: without a model v2m's own critics do all of it, and a model that does not answer, or
not as it was asked to, is passed over with one line. What is sent is text: times, bars, keys, who plays
and what was measured. No picture, sound, file name or path leaves the machine.
"""
