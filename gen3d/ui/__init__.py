"""The page: a Gradio app over the three steps. It knows events and files, never stages or engines.

steps.py    what the page may ask for, and how a step's errors reach a visitor from another process
jobs.py     folders: one per visit, gone when the visitor is
gallery.py  finished examples, prepared once
asked.py    what the visitor set, as a request
stream.py   events -> what the page shows, accumulated
words.py    the page's sentences and its small pieces of HTML
scene_viewer.py   our viewer as a component
expected.py       seconds, learned from earlier runs
diagrams.py       drawings of the camera paths
another_video.py  a finished scene flown along another path
reviewing.py      changes of the layers of a paused job
review_layers.py  the part of the page that asks for them
page.py     the components and what they do
"""
