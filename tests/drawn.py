"""Camera paths as somebody draws them, and what the viewer's scripts make of them in Node.js."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from gen3d.values import DrawnPath
from tests.npm import node

VIEWER = Path(__file__).parents[1] / "gen3d" / "viewer"


def in_script(folder: Path, files: tuple[str, ...], expression: str, given: Any) -> Any:
    """The value of an expression over `given`, within these files of the viewer."""
    source = "\n".join((VIEWER / name).read_text(encoding="utf-8") for name in files)
    (folder / "given.json").write_text(json.dumps(given))
    read = "const given = JSON.parse(require('fs').readFileSync(require('path').join(__dirname, 'given.json'), 'utf8'))"
    (folder / "program.cjs").write_text(f"{source}\n{read}\nconsole.log(JSON.stringify({expression}))\n")
    done = node(folder / "program.cjs")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def as_script(path: DrawnPath) -> dict[str, Any]:
    """The path as the viewer holds it."""
    turns = Rotation.from_matrix(path.c2w[:, :3, :3]).as_quat(scalar_first=True)
    keys = [
        {"place": c2w[:3, 3].tolist(), "turn": turn.tolist(), "focal": float(focal), "seconds": float(seconds)}
        for c2w, turn, focal, seconds in zip(path.c2w, turns, path.focal, path.seconds, strict=True)
    ]
    return {"keys": keys, "loop": path.loop, "tension": path.tension}


def random_path(keys: int, seed: int, loop: str = "none", tension: float = 0.0) -> DrawnPath:
    """Keys a metre and a radian apart, of any lens and any time."""
    rng = np.random.default_rng(seed)
    c2w = np.tile(np.eye(4), (keys, 1, 1))
    c2w[:, :3, :3] = Rotation.from_rotvec(rng.normal(0, 0.6, (keys, 3))).as_matrix()
    c2w[:, :3, 3] = rng.normal(0, 1, (keys, 3))
    return DrawnPath(c2w, rng.uniform(0.5, 2, keys), rng.uniform(0.2, 3, keys), loop, tension)
