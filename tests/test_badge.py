"""The line that tells which engines play, and which would play better."""

from gen3d.ui.core.words import badge


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
