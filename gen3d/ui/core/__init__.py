"""What a front end needs around the three steps, whatever draws it; no file here imports Gradio.

fields.py    FIELDS: the inputs of page and API, a row each
asked.py     what a visitor set, as a request and settings
steps.py     what a front end may ask for, and a failure in words for visitors
jobs.py      folders: one per visit, gone when the visitor is      disk.py   how much of the disk they may take
running.py   steps of a job, as what is shown meanwhile            turns.py  how long a job may have the engine
progress.py  events -> what is shown, accumulated                  words.py  its sentences and small pieces of HTML
expected.py  seconds, learned from earlier runs                    limits.py how much one visitor may take
reviewing.py changes of the layers of a paused job                 filming.py  a scene filmed along another path
gallery.py   finished examples, prepared once                   blamed.py   which input an error is about
"""
