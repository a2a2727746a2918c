"""Every workaround for what a version of Gradio does; nothing else of the page speaks of versions.

Each says what Gradio does, in which version, and when the workaround goes: try that after an update, which
tests/test_gradio_quirks.py asks for (`GRADIO` is the version they are for).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio import utils
from gradio.components import Component
from gradio.data_classes import FileData, GradioModel, ImageData
from gradio.events import Dependency
from gradio.processing_utils import move_files_to_cache
from gradio.state_holder import SessionState

GRADIO = "6.31"
"""Major and minor version."""
T = TypeVar("T")
C = TypeVar("C", bound=Component)

THEME = gr.themes.Default(font=(gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "system-ui", "sans-serif"))
"""The semibold that Gradio 6.31 ships lacks most letters, which then come from whatever font is at hand.

Goes when SourceSansPro-SemiBold among its static files holds the Latin letters.
"""
HIDDEN = "hidden"
"""For `visible` of what holds a value: hidden only to the eye. Gradio 6.31 does not mount what is `visible=False`, and
that takes "no change" for its value.

Goes when an unmounted component keeps its value through gr.skip().
"""
SENT_EACH_TIME = ("viewer", "job")
"""Outputs that are sent though they are as before: a value of such kinds, followed too soon by "no change", Gradio 6.31
drops.

Goes when the page's behaviour tests pass with () here.
"""
DRAWING_CODE = (Path(gr.__file__).parent / "templates" / "frontend" / "assets").glob("Canvas3DGS-*.js")
FETCH_CODE = f"""async file => {{
  await Promise.allSettled({[f"assets/{code.name}" for code in DRAWING_CODE]}.map(
    code => import(new URL(code, document.baseURI))))
  return [file]
}}"""
"""A script before gr.Model3D gets a scene: in Gradio 6.31 it forgets one that is set twice while its own code is under
way, so the code comes first.

Goes when tests/test_page_viewers.py passes without.
"""


BORDERS = "#photo, #depth-file { border-width: 1px !important; border-color: var(--border-color-primary) !important; }"
"""Rules of CSS: in a group Gradio 6.31 takes away a drop zone's width of border, and the browser's own is thick and
black.

Goes when drop zones in a gr.Group have Gradio's own border.
"""


def uploaded_only(component: C) -> C:
    """The component, whose value is the uploaded file as it came.

    Gradio 6.31 opens a picture to make it anew, and leaves an empty file behind for each other one; ours are opened by
    the run, within bounds. It also makes anew what an event updates, without this: such a component is hidden in a
    group, which is updated instead. Goes when gr.Image and gr.File have an option to hand on the file untouched.
    """
    component.preprocess = unopened
    return component


def unopened(payload: FileData | ImageData | None) -> str | None:
    """The path of an upload, a `preprocess` in the place of that of Gradio 6.31. Goes with `uploaded_only`."""
    return payload.path if payload else None


def with_model(
    component: C, model: type[GradioModel], postprocess: Callable[[Any], GradioModel | None], value: Any = None
) -> C:
    """The component, with a value of another shape; value: at first, as `postprocess` takes it.

    Not by a class of our own: Gradio 6.31 writes a .pyi beside the source of every such. Goes when it does not.
    """
    component.data_model, component.postprocess = model, postprocess
    component.api_info = partial(Component.api_info, component)
    if value is not None:
        given = postprocess(value).model_dump()
        component.value = move_files_to_cache(given, component, postprocess=True, keep_in_cache=True)
    return component


def of_schema(component: C, schema: dict[str, Any]) -> C:
    """The component, whose values the API tells by a JSON schema.

    That of gr.JSON in Gradio 6.31 is none, and an agent's tool that takes one can never be called. Goes when it is one.
    """
    component.api_info = lambda: schema
    return component


def whatever_came(event: Dependency, fn: Callable[..., Any] | None, *told: Any, **options: Any) -> tuple[Any, Any]:
    """What comes after an event, be it well or with an error; told, options: as `then` takes them.

    Gradio 6.31 leaves `then` out after an error. Goes when it does not.
    """
    return event.then(fn, *told, **options), event.failure(fn, *told, **options)


def as_last(values: T) -> Iterator[T]:
    """The last values of a stream, twice: Gradio 6.31 sends the last ones again, so that nothing is new in those.

    Goes when the end of a stream sends nothing.
    """
    yield values
    yield values


class _Nothing(dict):
    """Holds nothing, whatever is put in."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: object) -> dict[str, Any]:
        return {}

    def __setitem__(self, key: object, value: object) -> None:
        pass


class _Bare:
    """A page without its components: what a visit is begun with, so that it copies none."""

    blocks = ()

    def __init__(self, page: Any) -> None:
        self.default_config = page.default_config


_begin_visit = SessionState.__init__
"""As Gradio 6.31 does it. Goes with `keep_no_copies_of_the_page`."""


def keep_no_copies_of_the_page() -> None:
    """For every page of this process: a visit keeps no configuration of each component, and none is reckoned.

    Gradio 6.31 keeps one for "deep links", which are shut here, up to 0.8 MB a visit, and writes it anew with every
    output; to reckon it held all answers for 0.1 s whenever a visit began. Goes when it makes them on request.
    """
    SessionState.__init__ = lambda state, page: _begin_visit(state, _Bare(page))
    SessionState.config_values = property(lambda state: _Nothing(), lambda state, value: None)
    SessionState._update_config = lambda state, key: None
    SessionState._update_value_in_config = lambda state, key, value: None


def load_no_matplotlib() -> None:
    """For every page of this process, none of which shows a plot of matplotlib's.

    Gradio 6.31 sets its backend around every call, on the loop that answers everybody: the first call loaded all of it
    there, which held every answer for 0.37 s. Goes when it leaves alone what no page has loaded.
    """
    utils.MatplotlibBackendMananger = nullcontext


def generator_of(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, where a checker of types has wrapped it.

    Gradio 6.31 knows a generator by its function alone. Goes when it looks at what a call gives.
    """
    return inspect.unwrap(fn)


def shared(files: Sequence[Path]) -> None:
    """Files of the app's own that the page shows from where they lie.

    In Gradio 6.31 copies in its cache, which all apps of the machine share, go with another app that was given the
    same, and are refused where the app was started from another folder. Goes when each app has a cache of its own.
    """
    gr.set_static_paths(files)


def shows_statuses(user_agent: str) -> bool:
    """Whether a client shows the sentence that comes with a status; gradio_client of Gradio 6.31 does not.

    Goes when it does.
    """
    return "gradio_client" not in user_agent


ANY_FILE = """() => {
  const isPicture = file => file.type.startsWith('image/')
  const retyped = files => {
    const held = new DataTransfer()
    for (const file of files)
      held.items.add(isPicture(file) ? file : new File([file], file.name, {type: 'image/unknown'}))
    return held
  }
  const inPhoto = event => event.target instanceof Element && event.target.closest('#photo')
  const strange = files => [...files ?? []].some(file => !isPicture(file))
  addEventListener('click', event => {
    if (inPhoto(event)) for (const input of document.querySelectorAll('#photo input[type=file]')) input.accept = ''
  }, true)
  addEventListener('change', event => {
    if (inPhoto(event) && strange(event.target.files)) event.target.files = retyped(event.target.files).files
  }, true)
  addEventListener('drop', event => {
    if (!inPhoto(event) || !strange(event.dataTransfer?.files)) return
    event.preventDefault()
    event.stopImmediatePropagation()
    const dataTransfer = retyped(event.dataTransfer.files)
    event.target.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer}))
  }, true)
}"""
"""A script for the page's load: the photo field takes any file, so that what is wrong with one is told beside it.

Gradio 6.31 lets only image/* into a picture's field, and a browser calls a HEIC photo, or a RAW, nothing at all: it was
turned away with a toast. So files without a picture's type are given one on their way into the field; what they are the
run finds out from their first bytes. Goes when gr.Image takes `file_types`.
"""

NAMING = """() => {
  const examples = TITLES, pictures = SHOWN
  const all = selector => [...document.querySelectorAll(selector)]
  const tell = (element, name, value) => element.getAttribute(name) === value || element.setAttribute(name, value)
  const name = () => {
    all('#examples .gallery-item').forEach((button, i) => tell(button, 'aria-label', `Example: ${examples[i]}`))
    for (const [id, what] of Object.entries(pictures)) {
      for (const image of all(`#${id} .image-container button:has(img):not(:has(svg))`)) tell(image, 'aria-label', what)
    }
    for (const button of all('button.upload-container')) {      // a name that lacks what is written on it
      const written = button.textContent.replace(/\\s+/g, ' ').trim()
      if (written) tell(button, 'aria-label', written)
    }
    for (const link of all('#files a[download]')) {             // only its size is written on it
      tell(link, 'aria-label', `${link.download}: ${link.textContent.trim()}`)
    }
    for (const empty of all('.empty[aria-label]')) tell(empty, 'role', 'img')
  }
  let asked = false
  new MutationObserver(() => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => { asked = false; name() })
  }).observe(document.body, {childList: true, subtree: true, attributeFilter: ['aria-label']})
  name()
}"""
"""Names for what Gradio 6.31 leaves nameless, or names wrongly, for those who hear the page instead of seeing it.

A script, since none of it can be told to the components: run once, it looks again whenever something new is drawn. Goes
when buttons around pictures, upload fields, links to downloads and empty components have names of their own.
"""


def naming(examples: Sequence[str], pictures: dict[str, str]) -> str:
    """The script, for a page with examples of these titles and with these pictures: elem_id -> what it shows.

    For Gradio 6.31; goes with NAMING.
    """
    return NAMING.replace("TITLES", json.dumps(list(examples))).replace("SHOWN", json.dumps(pictures))
