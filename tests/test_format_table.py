"""The table of formats is the only one: two rows more, and everything that lists formats has them."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import gradio as gr
import pytest

from gen3d import format_table
from gen3d.errors import InputError
from gen3d.events import Stage, Started
from gen3d.format_table import FORMATS, FormatRow, asked_for, listed, read_here, written_here
from gen3d.formats.ply import write_ply
from gen3d.formats.scene_file import open_scene
from gen3d.formats.stored import StoredScene, Writing
from gen3d.products.bundle import export_bundle
from gen3d.products.export import FinishedScene, export_file
from gen3d.scene_files import SceneFiles
from gen3d.splat.pick import pick_rasterizer
from gen3d.ui.page.more_files import add_more_files, made_files
from gen3d.ui.page.open_scene import add_open_scene
from gen3d.ui.page.queue import QUEUE
from tests.measures import drain
from tests.test_cli import refused, run
from tests.test_spz import some

README = Path(__file__).parents[1] / "README.md"
HERE = "tests.test_format_table"
FAKE = FormatRow(
    "scene.fake", ".fake", "Gaussians, made up", "nobody: a test", axes="opengl", units="Fakes are counted in ones.",
    read=f"{HERE}:open_fake", starts=(b"FAKE:",), write=f"{HERE}:store_fake", page="offered",
)  # fmt: skip
MADE = FormatRow(
    "scene.made", "part.made", "A part, made up", "nobody: a part", make=f"{HERE}:make_part", needs=("view",),
    page="ticked",
)  # fmt: skip


def open_fake(path: Path, most: int) -> StoredScene:
    return StoredScene(some(int(path.read_text().removeprefix("FAKE:"))))


def store_fake(path: Path, scene: StoredScene, how: Writing) -> tuple[str, ...]:
    path.write_text(f"FAKE:{len(scene.gaussians)}")
    return ("A .fake says how many there are.",)


def make_part(scene: FinishedScene, path: Path) -> Stage[None]:
    yield Started("part")
    path.write_text(f"a part of {scene.files.view.read_text()}")


@pytest.fixture
def two_more(monkeypatch):
    monkeypatch.setattr(format_table, "FORMATS", (*FORMATS, FAKE, MADE))


@pytest.fixture
def scene(tmp_path) -> FinishedScene:
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "scene.view").write_text("something")
    return FinishedScene(some(7), tmp_path / "built", pick_rasterizer())


def test_the_help_of_the_command_line_names_a_new_format(two_more, capsys):
    assert run("export", "--help") == 0
    told, kinds = " ".join(capsys.readouterr().out.split()), listed(row.suffix for row in read_here())
    assert f"a {kinds}" in told and kinds.endswith(" or .fake") and ".splats.glb" in kinds
    assert ".zip or .fake; with a build's folder also" in told
    assert "a FOLDER to train on, transforms.json or part.made" in told
    assert run("render", "--help") == 0
    assert f"a {kinds}" in " ".join(capsys.readouterr().out.split())


def test_export_writes_a_new_format_and_reads_it_back(two_more, tmp_path, capsys):
    write_ply(tmp_path / "a.ply", some(5))
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "b.FAKE") == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [f"wrote {tmp_path / 'b.FAKE'} (0.0 MB)", "A .fake says how many there are."]
    assert (tmp_path / "b.FAKE").read_text() == "FAKE:5"
    assert run("export", tmp_path / "b.FAKE", "--to", tmp_path / "c.ply") == 0
    assert len(open_scene(tmp_path / "c.ply").gaussians) == 5
    (tmp_path / "scene.view").write_text("mine")
    assert run("export", tmp_path / "a.ply", "--to", tmp_path / "a part.made") == 0
    assert (tmp_path / "a part.made").read_text() == "a part of mine"


def test_whoever_asks_for_no_format_reads_of_a_new_one(two_more, tmp_path, capsys):
    write_ply(tmp_path / "a.ply", some(5))
    told = refused(capsys, "export", tmp_path / "a.ply", "--to", tmp_path / "b.doc")
    assert ".fake" in told and "part.made" in told
    (tmp_path / "b.doc").write_bytes(b"dear")
    assert ".fake of 3D" in refused(capsys, "export", tmp_path / "b.doc", "--to", tmp_path / "b.ply")
    (tmp_path / "b.fake").write_bytes(b"dear")
    assert "not a .fake file" in refused(capsys, "export", tmp_path / "b.fake", "--to", tmp_path / "b.ply")
    folder = ("--cameras", tmp_path / "none.json", "-o", tmp_path / "views.fake")
    assert ".fake is the name of a file" in refused(capsys, "render", tmp_path / "a.ply", *folder)


def test_a_bundle_makes_a_new_format_and_says_who_it_is_for(two_more, scene, tmp_path):
    drain(export_bundle(scene, tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        assert bundle.read("scene.fake") == b"FAKE:7" and bundle.read("scene.made") == b"a part of something"
        told = bundle.read("README.txt").decode()
    assert "\nscene.fake           nobody: a test\n" in told and "Fakes are counted in ones." in told
    assert re.search(r"scene\.spz, [^:]*scene\.fake: x\sright,\sy\sup", told)
    scene.files.view.unlink()
    drain(export_bundle(scene, tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        assert "scene.fake" in bundle.namelist() and "scene.made" not in bundle.namelist()


def test_the_page_offers_a_new_format_and_makes_it(two_more, scene):
    with gr.Blocks() as page:
        add_more_files(lambda *_: scene.folder, print, gr.Textbox(), QUEUE)
        corner = add_open_scene(lambda *_: None, gr.HTML(), gr.HTML())
    assert {".ply", ".glb", ".fake", ".gz"} <= set(corner.file_types) and ".splats.glb, " in corner.label
    assert not [kind for kind in corner.file_types if kind.count(".") > 1]  # of which Gradio knows none
    [wanted] = [block for block in page.blocks.values() if isinstance(block, gr.CheckboxGroup)]
    assert ("Gaussians, made up (.fake)", "scene.fake") in wanted.choices and "scene.made" in wanted.value
    taken = str(page.get_api_info()["named_endpoints"]["/more_files"]["parameters"])
    assert "'scene.fake'" in taken and "'scene.made'" in taken

    def make(folder: Path, file: Path) -> None:
        drain(export_file(scene, file))

    *_, (_, files) = made_files(scene.folder, ["scene.fake"], make)
    assert Path(files[0]).read_text() == "FAKE:7"
    with pytest.raises(InputError, match=r"scene\.made, scene\.fake|scene\.fake, scene\.made"):
        list(made_files(scene.folder, ["other"], make))


def in_readme(kinds: Iterable[str]) -> list[str]:
    """Those of the kinds that README's table of what comes out has a line for."""
    text = README.read_text(encoding="utf-8").split("\n## What comes out\n")[1].split("\n## ")[0]
    first = [line.split("|")[1].strip().replace("`", "") for line in text.splitlines() if line.startswith("| ")]
    return [kind for kind in kinds if first.count(kind) == 1]


def test_readmes_table_has_every_format_that_is_written(monkeypatch):
    kinds = [row.kind for row in written_here()]
    assert in_readme(kinds) == kinds
    monkeypatch.setattr(format_table, "FORMATS", (*FORMATS, FAKE))
    assert in_readme(row.kind for row in written_here()) == kinds, "it would have a format that nobody knows"


def test_a_row_that_a_build_leaves_lies_where_the_scenes_files_lie():
    files = SceneFiles(Path("folder"))
    names = {getattr(files, name).name for name, kind in vars(SceneFiles).items() if isinstance(kind, property)}
    assert {row.name for row in FORMATS if not row.write and not row.make and not row.read} <= names
    assert all(isinstance(getattr(files, need), Path) for row in FORMATS for need in row.needs)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.ply", "scene.ply"), ("A.SPZ", "scene.spz"), ("a.glb", "scene.glb"), ("collider.glb", "collider.glb"),
        ("my Collider.GLB", "collider.glb"), ("views", "dataset"), ("a.html", None), ("run.json", None),
        ("a.splats.glb", "scene.splats.glb"), ("views.v2", None), ("a.ply.gz", None), ("glb", "dataset"),
        ("site", "site"), ("my-site", "site"), ("site.zip", "site.zip"), ("a.zip", "scene.zip"),
    ],
)  # fmt: skip
def test_a_name_asks_for_the_format_of_its_longest_ending(name, found):
    row = asked_for(Path("folder.ply") / name)
    assert (row and row.name) == found


def test_a_list_of_words_reads_as_one_says_it():
    assert [listed("a"), listed("ab"), listed("abc")] == ["a", "a or b", "a, b or c"]
    assert listed("abc", "and") == "a, b and c"
