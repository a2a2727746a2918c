"""What the page says of itself: what it is, which engines play, which would play better, what Build brings here."""

from gen3d import __version__
from gen3d.ui.core.expected import Expected
from gen3d.ui.core.words import badge, introduction, machine, slower


def test_each_engine_is_named_once_with_its_roles():
    told = badge({"depth": "prior", "background": "patches", "outpainter": "patches"}, "two cores", {})
    assert "Runs on two cores · <b>prior</b> depth · <b>patches</b> background, outpainter" in told
    assert "Better" not in told


def test_what_would_be_better_comes_with_the_way_to_get_it():
    told = badge({"depth": "prior"}, "two cores", {"depth": "MoGe-2 vitb", "text_to_image": "SD", "outpainter": "SD"})
    assert "Better would be <b>MoGe-2 vitb</b> for depth, <b>SD</b> for text to image, outpainter: run" in told
    assert "<code>gen3d download</code>" in told


def test_names_are_no_markup():
    assert "<i>" not in badge({"depth": "<i>"}, "<i>", {"depth": "<i>"})


def test_the_head_of_the_page_says_what_this_is_under_which_licence_and_where_from():
    told = introduction()
    assert __version__ in told and "https://arxiv.org/abs/2511.14291" in told and "[Apache-2.0](https://" in told
    assert "source" not in told and "(https://huggingface.co/spaces/me/mine/tree/main)" in introduction("me/mine")


def test_what_build_brings_is_said_of_this_machine_and_says_where_its_seconds_are_from(tmp_path):
    expected = Expected(tmp_path / "seconds.json")
    assert not expected.is_measured("fast")
    seconds = expected.seconds("fast")
    told = machine("two cores, without a GPU", (), "fast", seconds, measured=False)
    assert "no networks" in told and f"about {seconds:.0f} s, reckoned from two cores" in told
    expected.learn("fast", {"depth": 10.0, "expand": 2.0})
    assert expected.is_measured("fast") and not expected.is_measured("quality")
    told = machine("a <GPU>", ("MoGe-2 vitl", "LaMa"), "fast", expected.seconds("fast"), measured=True)
    assert "On a &lt;GPU&gt;; networks: MoGe-2 vitl, LaMa." in told and "about 12 s, as measured here" in told
    assert "longer" not in told
    told = machine("two cores", (), "fast", 12.0, True, slower(compiles=True, builds_examples=False))
    assert "about 12 s, as measured here. It takes longer now: this machine compiles its code, once." in told
