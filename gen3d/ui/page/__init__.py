"""The page in Gradio, a file per feature, over `ui/core`.

layout.py    the components in their order, and which action each starts     launch.py  what it is launched with
inputs.py    what a visitor gives and chooses, of widgets.py              beside.py  sentences beside wrong inputs
results.py   what there is of a scene        scene_viewer.py  our viewer     review.py  the layers, looked over
another_video.py  more_files.py  open_scene.py  opening.py  showcase.py       the other parts of the page
by_name.py   the one place where positions become names
actions.py   what happens when something is pressed or called                sending.py what is sent to whom
guarded.py   checked calls: own_files.py whose files, sent_values.py which values      errors.py  failures, as Gradio's
fair_queue.py  queue.py  who waits for whom                                   gradio_quirks.py  workarounds, by version
"""
