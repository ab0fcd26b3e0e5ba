"""How well does this music fit this picture, and would chance do as well?

| module    | turns                                   | into                               |
|-----------|-----------------------------------------|------------------------------------|
| `request` | what a person names                     | a `Request` that is checked        |
| `listen`  | a track                                 | what is heard, in it and in straw men |
| `clip`    | a request                               | a `ClipScore`: one clip's measures |
| `result`  | the measures                            | JSON, CSV                          |
| `table`   | the measures                            | what is printed                    |
| `folder`  | a folder of clips                       | their scores, in parallel          |
| `compare` | one picture with several pieces of music | a ranking with intervals          |

The measures themselves are in `v2m.alignment`; `v2m.score` is the way in.
"""

from v2m.scoring.clip import score

__all__ = ["score"]
