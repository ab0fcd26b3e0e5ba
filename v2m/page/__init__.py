"""The web page: compose for a clip, edit what came of it, measure any music under any clip.

`v2m.page.serve.serve` serves it. From the outside in:

- `gate` is the door: which addresses exist at all, and who asks; `routes` are the page's own two, by which
  files come and go; `visitors` says whose folder is whose, and when files are removed.
- `line` is who waits for whom; `work` does what takes long, or opens a stranger's file, in a process that can
  be stopped and can crash alone; `jobs` and `admit` are what is done there.
- `desk` is the three together, as the tabs use them; `app` is the tabs (`compose_tab`, `edit_tab`,
  `measure_tab`), made of `parts`, in the looks of `theme`.

Gradio is loaded with `app`, never before.
"""
