"""Names for what Gradio 6.31 leaves nameless, or names wrongly, for those who hear the page instead of seeing it.

A script, since none of it can be told to the components: run once, it looks again whenever something new is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

PICTURES = {"depth": "Depth", "layers": "Foreground", "background": "Background behind it", "photo": "The photo"}
"""elem_id -> what the picture shows; it is a button without a name."""

SCRIPT = """() => {
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


def naming(examples: Sequence[str]) -> str:
    """The script, for a page with examples of these titles."""
    return SCRIPT.replace("TITLES", json.dumps(list(examples))).replace("SHOWN", json.dumps(PICTURES))
