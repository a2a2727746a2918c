"""A request that is turned away, with a status and a sentence."""

from __future__ import annotations

from starlette.responses import JSONResponse


class Refused(Exception):
    """Raised anywhere while a request passes the door; the door answers with it.

    status: of HTTP. sentence: what is wrong, and what to do.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence

    def response(self) -> JSONResponse:
        """As Gradio's own answers have it, so that the page shows the sentence."""
        headers = {"Retry-After": "60"} if self.status in (429, 503) else {}
        if self.status == 408:
            headers["Connection"] = "close"
        return JSONResponse({"detail": self.sentence}, self.status, headers)
