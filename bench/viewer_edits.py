"""Time of an edit in the viewer, without the picture itself: `python -m bench.viewer_edits [COUNT [ROUNDS]]`.

Of a room of COUNT Gaussians (350,000 unless told) with two things, in Node.js: what a list of ten edits comes to, which
is all that a hand that drags waits for; and the sort that follows beside the page, as it was built and as it was
edited; and what is brought in (a ball of 40,000 Gaussians) when it comes, and in the sort. The picture is then drawn as
any other.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from gen3d.camera import Camera
from gen3d.formats.view import MAGIC, write_view
from gen3d.models.builtin.solids import SolidMaker
from gen3d.run.bring import made_of, write_for_viewer
from tests.drawn import in_script
from tests.test_modes import LIMITS, PIVOT_M
from tests.thing_scenes import room_with_cards, told_of_cards

EDITS = [
    {"op": "move", "thing": 1, "by": [0.3, 0, 0.5]}, {"op": "turn", "thing": 1, "deg": 40},
    {"op": "scale", "thing": 1, "by": 1.3}, {"op": "tint", "thing": 1, "rgb": [0.2, 1, 0.2]},
    *({"op": "duplicate", "thing": 1, "by": [0.1 * i, 0, 0.2]} for i in range(1, 6)), {"op": "hide", "thing": 2},
]  # fmt: skip
MEASURED = """(() => {
  let answer = null
  globalThis.postMessage = data => { answer = data }
  sceneWorker()
  const tell = data => { onmessage({data: {id: 1, ...data}}); return answer }
  const {header, told} = given, own = new Uint8Array(Buffer.from(given.records, 'base64'))
  tell({task: 'begin', header, things: [1, 2]})
  tell({task: 'unpack', first: 0, records: own})
  const seen = [...instancesOf(given.edits, told)].filter(([, one]) => !one.hidden)
  const placed = seen.map(([slot, {of, matrix}]) => ({built: of, slot, matrix}))
  const median = act => {
    const times = Array.from({length: given.rounds}, () => {
      const began = performance.now()
      act()
      return performance.now() - began
    })
    return times.sort((a, b) => a - b)[given.rounds >> 1]
  }
  const {count} = header, axis = [0.05, 0, 1, 0]
  const sort = placed => median(() => tell({task: 'sort', axis, near: 0.003, count, placed, order: answer.order}))
  const list = median(() => instancesOf(given.edits, told))
  const times = {list, built: sort(null), edited: sort(placed), entries: answer.count}, ball = given.ball
  const records = new Uint8Array(Buffer.from(ball.records, 'base64')), first = Math.ceil(count / 1024) * 1024
  const stride = records.length / ball.header.count
  const more = {task: 'more', first, slot: 7, stride, own: {header: ball.header}}
  times.comes = median(() => tell({...more, records}))
  const where = [{built: 7, slot: 8, matrix: [[0.4, 0, 0, 0], [0, 0.4, 0, 0.5], [0, 0, 0.4, 2]]}]
  const all = {near: 0.003, count: first + ball.header.count, placed: [...placed, ...where], order: null}
  times.brought = median(() => tell({task: 'sort', axis, ...all}))
  return times
})()"""


def main(count: int = 350_000, rounds: int = 15) -> None:
    """Measures and prints."""
    height = round((count * 3 / 4) ** 0.5)
    camera = Camera.from_fov(60.0, round(count / height), height)
    room = room_with_cards(camera, step=0.004)
    with tempfile.TemporaryDirectory() as home:
        file, told = Path(home) / "scene.view", told_of_cards(room)
        write_view(file, room, camera, PIVOT_M, LIMITS, things=told)
        write_for_viewer(Path(home) / "ball.view", made_of(SolidMaker(), "a red ball"), "ball")
        given = {
            **_parts(file), "ball": _parts(Path(home) / "ball.view"), "told": told, "edits": EDITS, "rounds": rounds,
        }  # fmt: skip
        found = in_script(Path(home), ("path.js", "worker.js", "edits.js"), MEASURED, given)
    print(f"{len(room):,} Gaussians, {len(EDITS)} edits, {found['entries']:,} entries drawn; medians of {rounds}:")
    print(f"  the list of edits   {found['list']:7.2f} ms")
    print(f"  the sort, as built  {found['built']:7.1f} ms")
    print(f"  the sort, edited    {found['edited']:7.1f} ms")
    print(f"  a ball comes        {found['comes']:7.1f} ms")
    print(f"  the sort with it    {found['brought']:7.1f} ms")


def _parts(file: Path) -> dict[str, Any]:
    """The header and the records of a .view."""
    content = gzip.decompress(file.read_bytes())
    start = len(MAGIC) + 4
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    return {"header": json.loads(content[start:end]), "records": base64.b64encode(content[end:]).decode()}


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
