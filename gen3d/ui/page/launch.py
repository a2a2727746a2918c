"""What the page is launched with: its looks, how large an upload may be, the door around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware

from gen3d.ui.core.gallery import Gallery
from gen3d.ui.core.jobs import Visits
from gen3d.ui.door import at_the_door
from gen3d.ui.door.attendance import Attendance
from gen3d.ui.door.front import THIS_MACHINE, Front
from gen3d.ui.door.owner import Owner
from gen3d.ui.page.gradio_quirks import BORDERS, THEME
from gen3d.ui.page.open_scene import LARGEST_MB

UPLOAD_MB = LARGEST_MB
"""Of a scene file; photos, depths and paths may be smaller: `asked.py`."""
CSS = Path(__file__).with_name("page.css").read_text(encoding="utf-8") + BORDERS


def launch_options(
    gallery: Gallery, front: Front = THIS_MACHINE, visits: Visits | None = None, mcp: bool = False,
    owner: Owner | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What `launch` has to be told besides the address.

    front: how the server is reached; by default from this machine alone. visits: shall know who has a page open. mcp:
    whether agents get the tools of `mcp_tools.py`, at /gradio_api/mcp/. owner: who may ask for batches
    (`door/owner.py`).
    """
    attendance = [Middleware(Attendance, visits=visits)] if visits else []
    return {
        "css": CSS, "theme": THEME, "max_file_size": f"{UPLOAD_MB}mb", "allowed_paths": [str(gallery.results)],
        "show_error": True, "ssr_mode": False, "enable_monitoring": False, "run_history": False, "mcp_server": mcp,
        "pwa": False,
        "app_kwargs": {"lifespan": at_the_door(front, UPLOAD_MB << 20, owner), "middleware": attendance},
    }  # fmt: skip
