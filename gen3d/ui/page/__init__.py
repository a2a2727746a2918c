"""The page in Gradio, a file per feature, over `ui/core`.

layout.py      the components in their order, and what each starts   launch.py        what it is launched with
inputs.py      what a visitor gives and chooses                      widgets.py       a component per kind of input
by_name.py     endpoints, and where positions become names           beside.py        sentences beside wrong inputs
actions.py     what happens when something is pressed or called      sending.py       what is sent to whom
results.py     what there is of a scene                              scene_viewer.py  our viewer
opening.py     what the page begins with                             showcase.py      finished examples
review.py  another_video.py  more_files.py  open_scene.py            parts of the page of their own
guarded.py     checked calls: own_files.py whose files, sent_values.py which values
fair_queue.py  who waits for the engine                              queue.py         how calls wait for each other
errors.py      failures, as Gradio's                                 gradio_quirks.py workarounds, by version
"""
