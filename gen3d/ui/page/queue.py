"""How the page's calls wait for each other."""

from __future__ import annotations

from typing import Any

ENGINE = "engine"
QUEUE: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": ENGINE, "trigger_mode": "once"}
"""One scene at a time: it takes the whole machine. Who comes second sees the place in the queue (`fair_queue.py`)."""
PRIVATE: dict[str, Any] = {"queue": False, "api_visibility": "private"}
"""What answers at once, and is no business of the API's."""
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
"""The same, and nothing is laid over what it changes."""
