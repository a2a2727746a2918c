"""Failures on their way from a step to the visitor."""

import gradio as gr
import pytest

from gen3d.errors import InputError
from gen3d.ui.core.steps import Failure, Steps
from gen3d.ui.page.errors import heard, told_to_visitors


def failing(error: Exception) -> Steps:
    def step(*_):
        yield
        raise error

    def review(*_):
        raise error

    return heard(Steps(step, step, step, {}, "a stage", {}, draws=True, review=review))


@pytest.mark.parametrize("name", ["look", "grow", "tour"])
def test_what_a_step_told_in_another_process_is_a_failure_like_any_other(name):
    with pytest.raises(Failure) as failed:
        list(getattr(failing(gr.Error("Depth &lt; 0. Mend it.")), name)())
    assert failed.value.sentence == "Depth < 0. Mend it."


def test_what_others_say_to_the_visitor_arrives_as_it_is():
    """A quota that is used up is told by `spaces`, with a title and a link."""
    quota = gr.Error("<a href='/'>Wait</a>", title="Quota", duration=9)
    for ask in (lambda: list(failing(quota).look()), failing(quota).review):
        with pytest.raises(gr.Error) as told, told_to_visitors():
            ask()
        assert told.value is quota


def test_an_error_of_ours_is_escaped_and_keeps_its_field():
    with pytest.raises(gr.Error) as told, told_to_visitors():
        raise InputError("1 < 2 in /secret/folder/depth.npy.", "Mend it.", "depth")
    assert told.value.message == "1 &lt; 2 in depth.npy. Mend it." and told.value.field == "depth"
