"""What a front end needs around the three steps, whatever draws it; no file here imports Gradio.

fields.py    FIELDS: the inputs of page and API, a row each        parse.py     what a single input means
asked.py     what a visitor set, as a request and settings         blamed.py    which input an error is about
steps.py     what may be asked for, and a failure in words         running.py   steps of a job, as what is shown
progress.py  events -> what is shown, accumulated                  words.py     its sentences and pieces of HTML
expected.py  seconds, learned from earlier runs                    turns.py     how long a job may have the engine
jobs.py      folders: one per visit, gone when the visitor is      disk.py      how much of the disk they may take
limits.py    how much one visitor may take                         gallery.py   finished examples, prepared once
reviewing.py changes of the layers of a paused job                 filming.py   a scene filmed along another path
diagrams.py  drawings of the camera paths
"""
