"""The page's part in which what is here is handed on: a Space of the visitor's, an embed code, a link that fills in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from gen3d.ui.core.links import LINKED, LONGEST, filled_in, link_of
from gen3d.ui.page.errors import told_to_visitors
from gen3d.ui.page.gradio_quirks import generator_of, whatever_came
from gen3d.ui.page.more_files import Find
from gen3d.ui.page.queue import PRIVATE, QUIET
from gen3d.ui.page.sending import visitor_of
from gen3d.viewer import ALONE, PARAMETERS

Publish = Callable[[Path, str, str, bool], tuple[str, str]]
"""(folder of a scene, name, token, whether it is private) -> its page on the hub, and the site's address."""
QUEUE: dict[str, Any] = {"concurrency_limit": 2, "concurrency_id": "publish", "trigger_mode": "once"}
"""Its own, since the engine need not wait for somebody's upload."""
TITLE = "A scene in 3D"
EMBED = f"address => {{ {PARAMETERS}\n{ALONE}\nreturn address ? embedCode(address, '{TITLE}', {{}}) : '' }}"
WHOLE = "query => location.origin + location.pathname + query"
ABOUT_SPACE = (
    "A static Space of your own on Hugging Face, with the viewer and this scene. It needs a token of yours with the "
    "right to write (huggingface.co/settings/tokens). The token is used for this once and kept nowhere; to be safe, "
    "make one for this and delete it after. **Anybody can see the Space unless it is private.** Any other host takes "
    "`site.zip`, under More formats."
)
ABOUT_LINK = "It holds the words, numbers and choices above in the address itself: no photo, no file, no scene."


def add_share(find: Find, publish: Publish, on_show: Component, inputs: Mapping[str, Component]) -> None:
    """Puts the accordion onto the page, here; find: a scene of the visitor's, by the job on show (`on_show`)."""
    with gr.Accordion("Share", open=False, elem_id="share"):
        gr.Markdown("#### Publish to my Space")
        gr.Markdown(ABOUT_SPACE)
        with gr.Row():
            name = gr.Textbox("", label="Name of the Space, as my-room", max_length=96, elem_id="space-name")
            token = gr.Textbox("", label="Your token", type="password", max_length=200, elem_id="space-token")
            private = gr.Checkbox(False, label="Private: for my eyes only", elem_id="space-private")
        button = gr.Button("Publish to my Space", elem_id="publish")
        told = gr.HTML(elem_id="publish-status")
        with gr.Row():
            address = gr.Textbox("", label="Address of a site, to embed it", max_length=300, elem_id="site-address")
            code = gr.Textbox("", label="Embed code", buttons=["copy"], interactive=False, elem_id="embed-code")
        address.change(None, address, code, js=EMBED, **PRIVATE)
        _add_link(inputs)

    def published(
        job: str | None, name: str, token: str, private: bool, request: gr.Request
    ) -> Generator[tuple[Any, ...], None, None]:
        with told_to_visitors():
            scene = find(visitor_of(request), job)
            yield _said("Making the site and sending it ..."), gr.skip()
            space, there = publish(scene, name.strip(), token.strip(), private)
            yield _said("Published:", space), there

    button.click(lambda: gr.update(interactive=False), None, button, **QUIET)
    asked = [on_show, name, token, private]
    running = button.click(
        generator_of(published), asked, [told, address], api_visibility="private", show_progress="hidden", **QUEUE
    )
    whatever_came(running, lambda: ("", gr.update(interactive=True)), None, [token, button], **QUIET)


def _add_link(inputs: Mapping[str, Component]) -> None:
    gr.Markdown("#### A link that fills in what was asked")
    gr.Markdown(ABOUT_LINK)
    rows = [row for row in LINKED if row.name in inputs]
    with gr.Row():
        make = gr.Button("Make a link", elem_id="make-link", min_width=120, scale=1)
        link = gr.Textbox("", label="Link", buttons=["copy"], interactive=False, max_length=LONGEST, scale=4,
                          elem_id="link")  # fmt: skip

    def query(*values: Any) -> str:
        return link_of({row.name: value for row, value in zip(rows, values, strict=True)})

    made = make.click(query, [inputs[row.name] for row in rows], link, **QUIET)
    made.then(None, link, link, js=WHOLE, **PRIVATE)


def fill_from_link(
    loaded: Dependency, inputs: Mapping[str, Component], tabs: gr.Tabs, paths: Sequence[str]
) -> None:
    """What an address fills in, after what the page begins with; a sentence's tab is chosen. Nothing is started."""
    rows = [row for row in LINKED if row.name in inputs]
    search = gr.Textbox("", visible=False, label="address", max_length=LONGEST)

    def filled(query: str) -> list[Any]:
        found = filled_in(query, paths)
        tab = gr.Tabs(selected="text") if "prompt" in found else gr.skip()
        return [*(found.get(row.name, gr.skip()) for row in rows), tab]

    loaded.then(filled, search, [*(inputs[row.name] for row in rows), tabs], js="() => location.search", **QUIET)


def _said(words: str, address: str = "") -> str:
    link = f' <a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(address)}</a>'
    return f'<div class="told" role="status">{escape(words)}{link if address else ""}</div>'
