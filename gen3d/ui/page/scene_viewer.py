"""Our 3D viewer as a component of the page. The viewer's own source is gen3d/viewer/; this ties it to Gradio.

A new value of the same job (the points, then what was fitted) is shown from where the visitor looks by now; any other
begins at the photo's camera, and the WebGL context of the one before is given back, of which a browser has only a few.
A path that is drawn there is uploaded as a file when it is to be filmed, and kept at the element for
`another_video.py`; so are edits for `viewer_edits.py`, what is to be brought in for `viewer_bringing.py`, and what is
to be taken apart or joined for `viewer_parts.py`. Gradio compares the template's text before it touches the page, and
this text never changes: the canvas stays.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.data_classes import FileData, GradioModel

from gen3d.scene_files import light_twin
from gen3d.ui.page.gradio_quirks import with_model
from gen3d.viewer import SCRIPT, STYLE

TEMPLATE = """<section class="stage" aria-label="3D scene">
<p class="hint">The scene appears here: drag to look around.</p>
<p class="lighter" role="status" hidden><span>This is a lighter scene, made for phones.</span>
<button type="button">Show all of it</button></p></section>"""
LIGHT_BELOW_GB, PHONE_BELOW_PX = 4, 600
"""Of memory, as the browser tells it; of the screen's shorter side, with a finger for a pointer."""
PHONE = f"""
const isPhone = () => navigator.userAgentData?.mobile || (navigator.maxTouchPoints > 0
  && matchMedia('(pointer: coarse)').matches && Math.min(screen.width, screen.height) < {PHONE_BELOW_PX})
const wantsLess = () => isPhone() || Boolean(navigator.connection?.saveData)
  || (navigator.deviceMemory ?? {LIGHT_BELOW_GB}) < {LIGHT_BELOW_GB}
"""
"""Whether this browser is handed the lighter of two scenes: by what it says of itself."""
CONNECT = """
const stage = element.querySelector('.stage'), lighter = stage.querySelector('.lighter')
let viewer = null, file = null, job = null, all = null   // all: the job whose visitor asked for all of it

const film = async (text, seconds) => {
  const file = new File([text], 'drawn.json', {type: 'application/json'}), {path, url} = await upload(file)
  const about = {orig_name: file.name, size: file.size, mime_type: file.type, meta: {_type: 'gradio.FileData'}}
  stage.drawn = [{path, url, ...about}, Number(seconds.toFixed(2))]
  trigger('submit')
}
const apply = (text, say) => {
  Object.assign(stage, {edited: JSON.parse(text), say})
  trigger('apply')
}
const bring = async ({words, file}, say, take) => {
  let sent = null
  if (file) {
    const {path, url} = await upload(file)
    sent = {path, url, orig_name: file.name, size: file.size, mime_type: file.type, meta: {_type: 'gradio.FileData'}}
  }
  const brought = (edit, thing) => take(edit, thing.url).catch(() => say('It could not be shown. Try again.'))
  Object.assign(stage, {asked: [words, sent], say, brought})
  trigger('upload')
}
const part = (how, text, say) => {
  Object.assign(stage, {apart: [how, JSON.parse(text), job], say})
  trigger('edit')
}
const show = () => {
  const of = props.value?.job ?? null, light = of === all || !wantsLess() ? null : props.value?.light?.url
  const url = light ?? props.value?.file?.url ?? null
  if (url === file && of === job) return
  const keepCamera = viewer !== null && of === job
  if (!keepCamera) {
    viewer?.dispose()
    viewer = url && createSceneViewer(stage, {film, ...(directs && {apply, bring, part})})
  }
  file = url
  job = of
  stage.classList.toggle('full', url !== null)
  lighter.hidden = !light
  Object.assign(stage.dataset, {job: job ?? '', file: url?.split('/').at(-1) ?? ''})
  viewer?.show(url, {keepCamera}).catch(error => console.warn(error.message))   // the canvas tells the visitor
}
lighter.querySelector('button').addEventListener('click', () => { all = job; show() })
watch('value', show)
show()
"""


class Viewed(GradioModel):
    """What the viewer shows: a `.view` file, and the job it is of."""

    file: FileData
    job: str
    light: FileData | None = None
    """For a phone; None where the first is light enough."""


def scene_viewer(elem_id: str, value: tuple[str, str] | None = None, directs: bool = False) -> gr.HTML:
    """The component: its value is (file, name of the job), or None for nothing; value: at first.

    directs: whether somebody takes edits that are made there.
    """
    told = f"const directs = {str(directs).lower()}"
    viewer = gr.HTML(
        html_template=TEMPLATE, css_template=STYLE, js_on_load=f"'use strict';\n{told}\n{SCRIPT}\n{PHONE}\n{CONNECT}",
        apply_default_css=False, elem_id=elem_id,
    )  # fmt: skip
    return with_model(viewer, Viewed, _viewed, value)


def _viewed(value: tuple[str, str] | None) -> Viewed | None:
    if value is None:
        return None
    path, job = value
    light = light_twin(Path(path))
    return Viewed(file=_file(Path(path)), job=job, light=_file(light) if light.exists() else None)


def _file(path: Path) -> FileData:
    return FileData(path=str(path), orig_name=path.name)
