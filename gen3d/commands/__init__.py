"""The command line's commands, a file each: HELP in one line, `options(parser)`, and `run(arguments)`.

What several commands ask alike is declared once: `asked.py` (of what, and along which views), `engines.py` (who plays
which role, who draws), `preset.py` (how large and how well), `output.py` (the folder to make), `values.py` (how a text
becomes a value), `telling.py` (what is told while it runs). Nothing heavy is imported before a command is run.
"""

from gen3d.commands import (
    ablate,
    batch,
    build,
    depth,
    doctor,
    download,
    edit,
    export,
    grow,
    info,
    look,
    presets,
    publish,
    render,
    score,
    selftest,
    tour,
    warmup,
    worldscore,
)

COMMANDS = {
    "build": build, "batch": batch, "look": look, "grow": grow, "tour": tour, "render": render, "export": export,
    "edit": edit, "publish": publish, "info": info, "depth": depth, "worldscore": worldscore, "score": score,
    "ablate": ablate,
    "presets": presets, "download": download, "doctor": doctor, "selftest": selftest, "warmup": warmup,
}  # fmt: skip
"""Name -> module, in the order of the help."""
