import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gen3d import explain
from gen3d.events import Intermediate, Notice, Started, product
from gen3d.explain import ink
from gen3d.explain.chart import line_chart
from gen3d.explain.exhibit import Exhibit
from gen3d.explain.layers import show_proposals, show_rims
from gen3d.explain.sheet import WIDTH_PX, contact_sheet
from gen3d.formats.picture import write_png
from gen3d.geometry.edges import dilate
from gen3d.geometry.seam import Seam
from gen3d.models.base import Proposals
from gen3d.request import Request
from gen3d.run.record import Record
from gen3d.run.steps import build, look
from gen3d.settings import LayerSettings
from gen3d.splat.pick import pick_rasterizer
from gen3d.stages.layers import judged_rim
from gen3d.values import Layers
from tests.measures import psnr
from tests.runs import TINY, as_bytes, inside, picture, room_models
from tests.worlds import sphere_over_plane, tilted_plane

RED, BLUE = (np.rint(255 * np.asarray(rgb)).astype(np.uint8) for rgb in (ink.RED, ink.BLUE))


def figures(folder) -> dict:
    return json.loads((folder / "explain" / "figures.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def explained(built, tmp_path_factory):
    """The build of `built` again, explained: (folder, events)."""
    folder = tmp_path_factory.mktemp("explained") / "scene"
    events = list(build(built.request, room_models(), pick_rasterizer(), TINY, folder, explain=True))
    return folder, events


# -- an explained build ----------------------------------------------------------------------------------------------


def test_explaining_changes_nothing_but_the_folder_explain(built, explained):
    folder, events = explained
    assert {name.split("/")[0] for name in inside(folder) - inside(built.folder)} == {"explain"}
    assert inside(built.folder) <= inside(folder)
    for name in inside(built.folder) - {"run.json", "previews"}:
        assert (folder / name).read_bytes() == (built.folder / name).read_bytes(), name
    assert [type(event) for event in events] == [type(event) for event in built.events]


def test_every_step_of_the_paper_has_exhibits_in_its_order(explained):
    folder, _ = explained
    told = figures(folder)
    assert list(told) == sorted(told)
    assert {name[:2] for name in told} == {"01", "02", "03", "04", "05", "06", "07"}
    assert {path.name for path in (folder / "explain").iterdir()} == {f"{name}.png" for name in told} | {
        "figures.json", "sheet.png"
    }  # fmt: skip
    assert all(entry["caption"] for entry in told.values())
    poses = json.loads((folder / "run.json").read_text())["counts"]["views"] - 1
    assert len({name[:12] for name in told if name.startswith("05_expand")}) == poses > 0


def test_figures_agree_with_the_record_of_the_run(explained):
    folder, _ = explained
    told, counts = figures(folder), json.loads((folder / "run.json").read_text())["counts"]
    assert told["06_optimize_3_rendered"]["after_pruning"] == counts["gaussians"]
    assert told["02_layers_4_foreground"]["foreground"] == pytest.approx(counts["foreground"], abs=1e-4)
    assert 0 < told["06_optimize_1_loss"]["steps"] <= TINY.fit.iterations
    assert told["07_flythrough_1_frame"]["amplitude"] == counts["tour_amplitude"]
    photo, drawn = (picture(folder / "explain" / f"06_optimize_{name}.png") for name in ("2_photo", "3_rendered"))
    assert told["06_optimize_4_difference"]["psnr_db"] == pytest.approx(psnr(photo, drawn), abs=0.1)
    for pose in (name[:13] for name in told if name.endswith("_1_hole")):
        assert 0 < told[f"{pose}1_hole"]["coverage_before"] < told[f"{pose}6_again"]["coverage_after"] <= 1


def test_the_sheet_is_no_wider_than_a_screen_scrolls(explained):
    folder, _ = explained
    with Image.open(folder / "explain" / "sheet.png") as sheet:
        assert sheet.width == WIDTH_PX <= 2500
        assert sheet.height > 1000


def test_a_step_alone_is_explained_in_its_own_folder(built, tmp_path):
    for _ in look(built.request, room_models(), TINY, tmp_path / "look", explain=True):
        pass
    assert {name[:2] for name in figures(tmp_path / "look")} == {"01", "02"}
    assert (tmp_path / "look" / "explain" / "02_layers_3_rims.png").is_file()


def test_a_build_that_ends_early_is_explained_as_far_as_it_came(built, tmp_path):
    for _ in build(built.request, room_models(), pick_rasterizer(), TINY, tmp_path, enough=lambda: True, explain=True):
        pass
    told = figures(tmp_path)
    assert {name[:2] for name in told} == {"01", "02", "03", "04", "06"}
    assert told["06_optimize_1_loss"]["steps"] == 1
    assert (tmp_path / "explain" / "sheet.png").is_file()


# -- exhibits in the stream ------------------------------------------------------------------------------------------


def stage():
    yield Started("layers")
    yield Intermediate("layers.test", {"level": 99})
    yield Notice("after it")
    return "product"


def followed(record: Record) -> tuple[list, str]:
    events = []
    made = product(record.follow(stage()), events.append)
    return events, made


def test_nobody_draws_or_reckons_an_exhibit_that_nobody_asked_for(tmp_path, monkeypatch):
    def never(**values):
        raise AssertionError("this was not to be made")

    monkeypatch.setitem(explain.EXHIBITS, "layers.test", never)
    record = Record(Request(), TINY, {}, tmp_path)
    events, product = followed(record)
    assert [type(event) for event in events] == [Started, Notice] and product == "product"
    assert inside(tmp_path) == {"previews"}


def test_a_listener_never_sees_an_intermediate_result_and_the_folder_does(tmp_path, monkeypatch):
    def shown(level: int):
        grey = np.full((4, 6, 3), level, np.uint8)
        yield Exhibit("layers", "a", "All grey.", lambda: grey, lambda: {"level": level})

    monkeypatch.setitem(explain.EXHIBITS, "layers.test", shown)
    record = Record(Request(), TINY, {}, tmp_path, explain=True)
    events, _ = followed(record)
    assert [type(event) for event in events] == [Started, Notice]
    np.testing.assert_array_equal(as_bytes(picture(tmp_path / "explain" / "02_layers_a.png")), 99)
    assert figures(tmp_path) == {"02_layers_a": {"caption": "All grey.", "level": 99}}


# -- what is measured ------------------------------------------------------------------------------------------------


def plane_with_hole(factor: float) -> Seam:
    """A wall at 3 m with a hole, into which depth was put that is `factor` too far, and then right."""
    known = np.full((40, 60), 3.0, np.float32)
    hole = np.zeros(known.shape, bool)
    hole[10:30, 20:40] = True
    return Seam(known, hole, np.zeros_like(hole), factor * known, known)


@pytest.mark.parametrize("factor", [0.5, 1.3])
def test_the_seam_error_is_the_step_in_log_depth(factor):
    seam = plane_with_hole(factor)
    assert seam.jump(seam.before) == pytest.approx(abs(np.log(factor)), rel=1e-4)
    assert seam.jump(seam.after) == 0
    np.testing.assert_allclose(seam.correction[seam.hole], -np.log(factor), rtol=1e-4)
    assert np.isnan(seam.correction[~seam.hole]).all()


def test_a_rim_that_hides_and_the_sky_do_not_count_in_the_seam_error():
    seam = plane_with_hole(1.0)
    known, hiding = seam.known.copy(), seam.hiding.copy()
    known[10:30, 18:20], hiding[10:30, 18:20] = 1.0, True
    known[:10] = np.inf
    assert replace(seam, known=known).jump(replace(seam, known=known).after) > 0.1
    seam = replace(seam, known=known, hiding=hiding)
    assert seam.jump(seam.after) == 0


def test_without_a_rim_there_is_no_seam_error():
    seam = plane_with_hole(1.0)
    assert np.isnan(replace(seam, hole=np.ones_like(seam.hole)).jump(seam.known))
    assert ink.number(float("nan")) is None


def test_the_seam_error_of_a_tilted_wall_is_its_own_slope():
    world = tilted_plane()
    depth = world.view(world.camera(128, 96)).depth
    hole = np.zeros(depth.shape, bool)
    hole[:, 64:] = True
    seam = Seam(depth, hole, np.zeros_like(hole), depth, depth)
    assert 0 < seam.jump(depth) < 0.005 < replace(seam, aligned=1.1 * depth).jump(1.1 * depth * hole + depth * ~hole)


# -- what is drawn ---------------------------------------------------------------------------------------------------


def ball() -> tuple[Layers, np.ndarray]:
    """A ball before a wall: its layers, and the masks of the ball and of a piece of the wall beside it."""
    world = sphere_over_plane()
    camera = world.camera(128, 96)
    rgbd, front = world.view(camera), world.foreground(camera)
    beside = ~front & dilate(front, 12)
    return Layers(rgbd, front, dilate(front, 2)), np.stack([front, beside])


def test_the_rims_of_what_occludes_are_red_and_of_what_is_occluded_blue():
    layers, masks = ball()
    [exhibit] = show_rims(layers, masks, lambda mask: judged_rim(mask, layers.rgbd.depth, 0.08))
    drawn = exhibit.draw()
    front, beside = exhibit.figures()["masks"]
    assert front["balance"] > 0.9 and front["in_foreground"] == 1
    assert beside["occluded"] > 0.3 and beside["occluding"] == 0 and beside["in_foreground"] == 0
    outline = masks[0] & dilate(~masks[0], 1)
    assert (drawn[outline] == RED).all(axis=1).mean() > 0.9
    inner = masks[1] & dilate(masks[0], 1)
    assert (drawn[inner] == BLUE).all(axis=1).mean() > 0.5  # the red rim next to it may be drawn over
    assert exhibit.figures()["in_front"] == 1


def test_kept_and_rejected_masks_are_on_different_pictures_with_the_reasons():
    layers, (front, beside) = ball()
    speck = np.zeros_like(front)
    speck[:2, :2] = True
    proposals = Proposals(np.stack([front, beside, speck]), np.array([0.95, 0.3, 0.95], np.float32))
    image = 0.5 * np.ones_like(layers.rgbd.image)
    kept, rejected = show_proposals(image, proposals, np.array([True, False, False]), LayerSettings())
    assert kept.figures()["kept"] == 1 and kept.figures()["candidates"] == 3
    assert {k: rejected.figures()[k] for k in ("rejected", "unsure", "too_small", "too_large")} == {
        "rejected": 2, "unsure": 1, "too_small": 1, "too_large": 0
    }  # fmt: skip
    coloured = [np.ptp(exhibit.draw().astype(int), axis=2) > 40 for exhibit in (kept, rejected)]
    assert coloured[0][front].mean() > 0.8 and not coloured[0][beside].any()
    assert coloured[1][beside].mean() > 0.8 and not coloured[1][front].any() and coloured[1][speck].all()


def test_signed_fields_are_blue_below_and_red_above_with_a_stated_limit():
    field = np.full((48, 64), np.nan, np.float32)
    field[:, :20], field[:, 20:30], field[:, 30:40] = -0.2, 0.0, 0.2
    drawn = ink.signed_drawn(field, np.ones((48, 64, 3), np.float32), ink.limit_of(field))
    assert (drawn[5, 5] == BLUE).all() and (drawn[5, 25] == 255).all() and (drawn[5, 35] == RED).all()
    assert np.ptp(drawn[5, 50]) == 0 and drawn[5, 50, 0] < 128  # the backdrop
    assert ink.limit_of(field) == 0.2
    assert drawn.shape[0] > 48  # the scale below
    assert ink.limit_of(np.full(3, np.nan)) == min(ink.LIMITS)


def test_one_scale_of_depth_makes_two_maps_comparable():
    depth = np.full((48, 64), 2.0, np.float32)
    depth[:, 32:] = 4.0
    one, other = (ink.depth_drawn(d, (0.2, 0.6)) for d in (depth, 2 * depth))
    np.testing.assert_array_equal(one[:48, 32:], other[:48, :32])
    assert (one[5, 5] != other[5, 5]).any()


def test_a_small_hole_can_be_found_on_its_picture():
    image, hole = np.full((300, 400, 3), 0.5), np.zeros((300, 400), bool)
    hole[150, 200] = True
    marked = (ink.holed(image, hole) != image).any(axis=2)
    assert marked.sum() > 30 and not marked[dilate(hole, 3) & ~hole].any()


def test_a_falling_loss_is_drawn_as_a_falling_line():
    line = [(float(step), 1.0 / step) for step in range(1, 101)]
    drawn = line_chart({"photo": line, "nothing": []}, "step", "loss").astype(int)
    orange = (drawn[..., 0] - drawn[..., 2] > 100) & (np.indices(drawn.shape[:2])[0] > 50)  # below the legend
    heights = [np.nonzero(orange[:, x])[0].mean() for x in (80, 120, 200)]
    assert heights[0] < heights[1] < heights[2]
    assert not np.array_equal(line_chart({}, "step", "loss"), drawn)


def test_the_sheet_shows_the_exhibits_in_order_with_their_words(tmp_path):
    shades = {"01_depth_b": (200, 0, 0), "01_depth_a": (0, 200, 0), "06_optimize_a": (0, 0, 200)}
    for name, shade in shades.items():
        write_png(tmp_path / f"{name}.png", np.full((30, 40, 3), shade, np.uint8))
    told = {name: {"caption": "Words.", "share": 0.5, "masks": [1, 2]} for name in shades}
    sheet = contact_sheet(tmp_path, told, "a title")
    places = {name: np.argwhere((sheet == shade).all(axis=2)).min(axis=0) for name, shade in shades.items()}
    assert places["01_depth_a"][1] < places["01_depth_b"][1] and places["01_depth_a"][0] == places["01_depth_b"][0]
    assert places["06_optimize_a"][0] > places["01_depth_a"][0]
    silent = contact_sheet(tmp_path, {name: {"caption": ""} for name in shades}, "a title")
    assert silent.shape[0] < sheet.shape[0]
