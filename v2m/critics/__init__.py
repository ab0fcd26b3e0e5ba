"""Critics: what was composed is measured against the plan and the picture, and bars of it are done again.

| module       | turns                                | into                                            |
|--------------|--------------------------------------|-------------------------------------------------|
| `brief`      | the plan and the picture's streams   | `Brief`: what the music is to answer            |
| `assessment` | music and a brief                    | `Assessment`: measures, and terms of the reward |
| `reward`     | terms                                | one number                                      |
| `mode` …     | an assessment                        | what one critic finds, and asks for             |
| `changes`    | what is asked for                    | another plan                                    |
| `rounds`     | a plan                               | a better plan, its music, and the log           |
| `candidates` | several seeds                        | the best of them                                |
| `ratings`    | stars that a person gave             | the weights of the reward                       |
| `llm`        | the same questions, put to a model   | answers in the same form                        |

Everything works on notes: nothing is rendered, so a try costs about as much as composing does.
"""
