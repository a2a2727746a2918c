"""A scene of each of many photos: `gen3d batch`, on one process, on several, or on a cluster.

    ask.py          what is asked for: `Ask`, one scene; `Job`, what holds for all of them
    source.py       a folder, a pattern or a manifest -> asks, and faults for what is none
    manifest.py     the rows of a CSV or JSONL file, with their line numbers
    names.py        what a scene is called when nobody says so
    store.py        where scenes go, whole or not at all: a folder, or (`remote.py`) a bucket
    maker.py        one ask -> one scene in the store, with its figures
    crew.py         who makes them: this process
    pool.py         ... other processes of this machine (`worker.py` is one of them)
    on_ray.py       ... a Ray cluster
    crews.py        the choice among them
    possible.py     whether what holds for all of them can be had
    running.py      the run: what is left to do, the crew, what became of it
    ledger.py       failed.jsonl, summary.csv, summary.parquet
    owned.py        a run that the page watches for its owner
    sheet.py        index.html: a contact sheet of all scenes

`gate/` has the figures that need no truth, and what is accepted by them; `views/` has the data sets.
"""
