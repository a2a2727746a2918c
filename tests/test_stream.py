import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gen3d.events import Finished, Notice, Preview, Progress, Started
from gen3d.ui.core import words
from gen3d.ui.core.progress import Rhythm, Shown, followed, shown_of_folder, zip_previews
from gen3d.ui.page.sending import OPENED
from gen3d.ui.page.showcase import shown_again

PICTURE = np.zeros((4, 6, 3), np.uint8)


def after(events, tmp_path: Path) -> Shown:
    shown = Shown(7, "job", {"depth": 10.0, "expand": 90.0, "optimize": 20.0})
    for event in events:
        shown = shown.after(event, tmp_path / "shown")
    return shown


def test_the_same_notice_is_shown_once(tmp_path):
    shown = after([Started("source"), Notice("One."), Notice("Two."), Notice("One.")], tmp_path)
    assert shown.notices == ("Two.", "One.")


def test_what_was_shown_stays_while_more_comes(tmp_path):
    events = [Started("depth"), Preview("depth", PICTURE), Started("expand"), Preview("expand_01", PICTURE)]
    values = after(events, tmp_path).values()
    assert values["depth"].endswith("depth.png") and values["layers"] is None
    more = after([*events, Preview("layers", PICTURE), Preview("expand_02", PICTURE)], tmp_path).values()
    assert more["depth"] == values["depth"] and more["layers"].endswith("layers.png")
    assert [Path(view).name for view in more["views"]] == ["expand_01.png", "expand_02.png"]
    assert np.asarray(Image.open(more["layers"])).shape == PICTURE.shape


def test_previews_without_a_place_are_not_kept(tmp_path):
    assert after([Started("source"), Preview("photo", PICTURE)], tmp_path).values()["views"] is None
    assert not (tmp_path / "shown").exists()


def test_the_status_names_each_stage_with_its_seconds(tmp_path):
    shown = after([Started("depth"), Started("expand"), Progress("expand", 2, 9)], tmp_path)
    status = shown.values()["status"]
    assert "finished" in status and "new views 2/9" in status and status.count(" s</b>") == 2
    assert [line.running for line in shown.lines] == [False, True]


def test_before_its_first_part_is_done_a_stage_is_judged_by_the_clock(tmp_path, monkeypatch):
    """The first of nine views takes a third of the time: its seconds go by, too."""
    now = [100.0]
    # not the clock itself: the loop of a page that another test left here would wait by it, for ever
    monkeypatch.setattr("gen3d.ui.core.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    shown = after([Started("depth"), Started("expand"), Progress("expand", 0, 9)], tmp_path)
    assert shown.seconds_left() == 110
    now[0] += 30
    assert shown.after(Progress("expand", 0, 9), tmp_path).seconds_left() == 80
    assert shown.after(Progress("expand", 3, 9), tmp_path).seconds_left() == 80
    now[0] += 300
    assert shown.after(Progress("expand", 0, 9), tmp_path).seconds_left() == pytest.approx(20 * (120 + 240 - 10) / 120)


def test_what_is_left_is_slower_by_as_much_as_the_whole_is_so_far(tmp_path, monkeypatch):
    """Depth took 70 s instead of 10, so the 120 s become 180: half as much again, not seven times as much."""
    now = [100.0]
    monkeypatch.setattr("gen3d.ui.core.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    shown = after([Started("depth")], tmp_path)
    assert shown.seconds_left() == 120
    now[0] += 70
    shown = shown.after(Started("expand"), tmp_path)
    assert shown.seconds_left() == 1.5 * 110
    assert shown.after(Progress("expand", 3, 9), tmp_path).seconds_left() == pytest.approx(1.5 * (60 + 20))
    now[0] += 10
    quick = after([Started("depth"), Started("expand")], tmp_path)
    assert quick.seconds_left() == 110, "what went quickly promises nothing"


def test_it_is_said_why_a_scene_takes_longer_than_usual_as_long_as_it_does(tmp_path):
    why = [words.slower(True, True), words.slower(False, True), words.slower(False, False)]
    events = (event for event in [Started("depth"), Started("layers"), Started("expand")])
    told = [shown.sentence for shown in followed(Shown(7, "job", {}), events, tmp_path, lambda: why.pop(0))]
    assert f" (slower now: {words.COMPILES} and {words.EXAMPLES}) … " in told[0]
    assert f" (slower now: {words.EXAMPLES}) … " in told[1] and "slower" not in told[2]


def test_foreign_words_are_escaped(tmp_path):
    shown = after([Started("source"), Notice("<script>alert(1)</script>")], tmp_path)
    assert "<script>" not in shown.values()["status"] and "&lt;script&gt;" in shown.values()["status"]
    assert "<b>no</b>" not in shown.failed("<b>no</b>").values()["status"]


def test_products_appear_when_their_step_is_whole(tmp_path):
    shown = after([Started("optimize"), Finished("look", tmp_path / "look")], tmp_path)
    assert shown.values()["scene"] is None and shown.values()["files"] is None
    shown = shown.after(Finished("grow", tmp_path / "grow"), tmp_path)
    names = [Path(file).name for file in shown.values()["files"]]
    assert names == ["scene.ply", "scene.splat", "scene.html", "transforms.json", "run.json"]
    assert shown.values()["scene"] == str(tmp_path / "grow" / "model3d.ply") and shown.values()["video"] is None
    (tmp_path / "tour").mkdir()
    (tmp_path / "tour" / "run.json").write_text('{"counts": {}}')
    (tmp_path / "tour" / "flythrough.mp4").touch()
    shown = shown.after(Finished("tour", tmp_path / "tour"), tmp_path)
    files = [Path(file).relative_to(tmp_path).as_posix() for file in shown.values()["files"]]
    assert "tour/flythrough.mp4" in files and "tour/run.json" in files and "grow/run.json" not in files


def test_progress_alone_is_sent_now_and_then_and_the_end_always(tmp_path):
    rhythm = Rhythm()
    assert rhythm.admits(Started("fit")) and not rhythm.admits(Progress("fit", 1, 9)) and rhythm.admits(Notice("x"))

    def events():
        yield Started("fit")
        for i in range(100):
            yield Progress("fit", i + 1, 100)

    sent = list(followed(Shown(0, "", {}), events(), tmp_path))
    assert len(sent) < 10 and sent[-1].lines[-1].done == 100


def test_closing_closes_the_step(tmp_path):
    closed = []

    def events():
        try:
            while True:
                yield Started("fit")
        finally:
            closed.append(True)

    following = followed(Shown(0, "", {}), events(), tmp_path)
    next(following)
    following.close()
    assert closed == [True]


def test_a_finished_build_is_shown_as_it_was(built):
    values = shown_of_folder(built.folder, 3, {"depth": 1.0, "expand": 2.0}).values()
    assert values["seed"] == 3 and "data-state=\"done\"" in values["status"] and "Done in 3 s" in values["status"]
    files = [values["scene"], values["video"], values["depth"], values["layers"], values["background"]]
    assert all(Path(file).is_file() for file in [*files, *values["files"], *values["views"]])
    assert len(values["files"]) == 7


def test_after_a_cancel_what_was_there_comes_back_if_it_still_is(built, tmp_path):
    copy = shutil.copytree(built.folder, tmp_path / "scene")
    before = shown_of_folder(copy, 3, {"depth": 1.0})
    back = dict(zip(OPENED, shown_again(before), strict=True))
    assert back["job"] == "scene" and back["video"] == before.values()["video"]
    assert "What was here before is shown again." in back["status"]
    before.video.unlink()
    for gone in (shown_again(before), shown_again(None)):
        told = dict(zip(OPENED, gone, strict=True))
        status = told.pop("status")
        assert "Cancelled" in status and "again" not in status and set(told.values()) == {None}


def test_of_pictures_of_one_name_the_later_steps_is_kept(tmp_path):
    """A new video of an example: its frames, not those of the video before it beside them."""
    for folder, names in (("grow", ("expand.png", "flythrough_000.png")), ("tour", ("flythrough_000.png",))):
        (tmp_path / folder / "previews").mkdir(parents=True)
        for name in names:
            (tmp_path / folder / "previews" / name).write_bytes(f"{folder} {name}".encode())
    with zipfile.ZipFile(zip_previews(tmp_path / "p.zip", [tmp_path / "grow", tmp_path / "tour"])) as archive:
        assert sorted(archive.namelist()) == ["expand.png", "flythrough_000.png"]
        assert archive.read("flythrough_000.png") == b"tour flythrough_000.png"
