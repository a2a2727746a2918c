"""The page: an app over the three steps of a run. It knows events and files, never stages or engines.

core/   jobs, examples, progress, words, the inputs as a table (`fields.py`): what any front end needs, without Gradio
page/   the page itself: Gradio's components by feature, and in `gradio_quirks.py` what is done about Gradio's versions
door/   what every request passes before Gradio sees it
"""
