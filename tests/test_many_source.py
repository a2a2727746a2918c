"""What a batch is asked for: folders, patterns, manifests; names; rows that cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gen3d.errors import InputError
from gen3d.many.ask import Ask, Job
from gen3d.many.names import LONGEST, name_of, why_not
from gen3d.many.source import Asked, read_source
from tests.many import DEFAULTS, batch, faults, photo

JOB = Job("out")


def read(source: object, **defaults) -> Asked:
    return read_source(str(source), DEFAULTS | defaults, JOB)


def names(asked: Asked) -> list[str]:
    return [ask.name for ask in asked.asks]


def test_a_folder_gives_a_scene_for_each_photo_below_it_named_after_it(tmp_path):
    for file in ("b.png", "a/Käse am Berg.JPG", "a/c.png", ".hidden/x.png", "notes.txt"):
        photo(tmp_path / "x.png").rename((tmp_path / file).parent.mkdir(exist_ok=True) or tmp_path / file)
    assert names(read(tmp_path)) == ["a-Käse_am_Berg", "a-c", "b"]


def test_scenes_that_were_made_here_are_no_photos(tmp_path):
    photo(tmp_path / "a.png")
    photo(tmp_path / "out" / "a" / "previews" / "photo.png")
    (tmp_path / "out" / "a" / "run.json").write_text("{}")
    assert names(read(tmp_path)) == ["a"]


def test_a_depth_beside_its_photo_is_taken_for_it_and_told(tmp_path):
    photo(tmp_path / "a.png"), photo(tmp_path / "a_depth.png"), photo(tmp_path / "lonely_depth.png")
    asked = read(tmp_path)
    assert [(ask.name, ask.depth) for ask in asked.asks] == [("a", "a_depth.png"), ("lonely_depth", None)]
    assert "NAME_depth" in asked.notices[0]


def test_a_pattern_and_a_single_photo_are_sources_too(tmp_path):
    for name in ("a1.png", "a2.png", "b.png", "sub/a3.png"):
        photo(tmp_path / name)
    assert names(read(tmp_path / "a*.png")) == ["a1", "a2"]
    assert names(read(tmp_path / "**" / "a*.png")) == ["a1", "a2", "sub-a3"]
    assert names(read(tmp_path / "b.png")) == ["b"]


def test_photos_of_one_name_are_told_apart_by_what_they_are_whatever_their_order(tmp_path):
    photo(tmp_path / "cat.png"), photo(tmp_path / "cat.jpg"), photo(tmp_path / "Dog.png"), photo(tmp_path / "dog.jpg")
    found = names(read(tmp_path))
    assert len({name.casefold() for name in found}) == 4 and all("-" in name for name in found)
    rows = [{"photo": ask.photo} for ask in read(tmp_path).asks]
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row) for row in reversed(rows)))
    assert set(names(read(tmp_path / "m.jsonl"))) == set(found)


def test_a_manifest_says_what_each_scene_is_and_options_say_the_rest(tmp_path):
    photo(tmp_path / "a.png"), photo(tmp_path / "d.png")
    (tmp_path / "m.csv").write_text(
        '\ufeffPhoto,depth,prompt,fov,preset,path,seed,name,license\n'
        'a.png,d.png,"a room, ""old""",61.5,quality,orbit,7,first,CC0\n\na.png,,,,,,,,\n', encoding="utf-8"
    )  # fmt: skip
    first, second = read(tmp_path / "m.csv", seed=3, fov_deg=50.0).asks
    assert (first.name, first.prompt, first.fov_deg, first.preset) == ("first", 'a room, "old"', 61.5, "quality")
    assert (first.path, first.seed, first.licence, first.line) == ("orbit", 7, "CC0", 2)
    assert (second.name, second.seed, second.fov_deg, second.preset, second.line) == ("a", 3, 50.0, "fast", 4)


def test_columns_that_mean_nothing_are_told(tmp_path):
    photo(tmp_path / "a.png")
    (tmp_path / "m.jsonl").write_text('{"photo": "a.png", "camera_make": "Leica"}')
    assert "camera_make" in read(tmp_path / "m.jsonl").notices[0]


BAD_ROWS = {
    "no such photo": '{"photo": "none.png"}', "photo is a folder": '{"photo": "folder"}',
    "photo is empty": '{"photo": "empty.png"}', "neither photo nor prompt": '{"seed": 1}',
    "no such depth": '{"photo": "a.png", "depth": "none.npy"}',
    "depth without photo": '{"prompt": "x", "depth": "a.png"}',
    "no JSON": '{"photo": "a.png"', "no object": '["a.png"]', "a number": "3", "photo is a number": '{"photo": 3}',
    "fov is a word": '{"photo": "a.png", "fov": "wide"}', "fov is too wide": '{"photo": "a.png", "fov": 200}',
    "fov is not a number": '{"photo": "a.png", "fov": NaN}', "no such preset": '{"photo": "a.png", "preset": "best"}',
    "no such path": '{"photo": "a.png", "path": "nowhere"}', "seed is a half": '{"photo": "a.png", "seed": 1.5}',
    "seed is negative": '{"photo": "a.png", "seed": -1}', "seed is huge": '{"photo": "a.png", "seed": 1e30}',
    "size is tiny": '{"photo": "a.png", "size": 3}', "name leads out": '{"photo": "a.png", "name": "../a"}',
    "name is hidden": '{"photo": "a.png", "name": ".a"}', "name is a device": '{"photo": "a.png", "name": "NUL"}',
    "name is ours": '{"photo": "a.png", "name": "index.html"}', "name is taken": '{"photo": "a.png", "name": "GOOD"}',
    "half a character": '{"photo": "a.png", "prompt": "\\ud800"}', "a NUL": '{"photo": "a\\u0000.png"}',
    "true is no number": '{"photo": "a.png", "fov": true}',
    "three intrinsics": '{"photo": "a.png", "intrinsics": [1, 2, 3]}',
    "no depth scale": '{"photo": "a.png", "depth": "a.png", "depth_scale": 0}', "deep JSON": "[" * 100_000,
    "no UTF-8": b'{"photo": "\xff.png"}', "a name too long": '{"photo": "' + "x" * 5000 + '.png"}',
}  # fmt: skip


def test_each_bad_row_is_a_fault_with_its_line_and_the_good_ones_are_read(tmp_path):
    photo(tmp_path / "a.png")
    (tmp_path / "folder").mkdir(), (tmp_path / "empty.png").touch()
    rows = ['{"photo": "a.png", "name": "good"}', *BAD_ROWS.values(), '{"photo": "a.png", "name": "last"}']
    (tmp_path / "m.jsonl").write_bytes(b"\n".join(r if isinstance(r, bytes) else r.encode() for r in rows))
    asked = read(tmp_path / "m.jsonl")
    assert names(asked) == ["good", "last"]
    assert sorted(fault.line for fault in asked.faults) == list(range(2, len(BAD_ROWS) + 2))
    for fault in asked.faults:
        assert fault.what.endswith(".") and fault.remedy.endswith("."), fault
    assert len(BAD_ROWS) >= 20 and batch(tmp_path / "m.jsonl", tmp_path / "out").built == 2
    told = faults(tmp_path / "out")
    assert [(row["line"], row["what"], row["remedy"]) for row in told] == sorted(
        (fault.line, fault.what, fault.remedy) for fault in asked.faults
    )


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ("photo,seed\na.png\na.png,1,2\na.png,1\n", [2, 3]),
        ('photo,prompt\na.png,"two\nlines"\na.png,x,y\n', [2, 4]),
        ('photo,prompt\na.png,fine\na.png,"never closed\n', [3]),
        ("photo,seed\nnone.png,1\n\n\nnone.png,2\n", [2, 5]),
    ],
    ids=["cells", "lines in a cell", "open quote", "empty lines"],
)
def test_faults_of_a_csv_have_the_line_where_their_row_begins(tmp_path, rows, lines):
    photo(tmp_path / "a.png")
    (tmp_path / "m.csv").write_text(rows)
    assert [fault.line for fault in read(tmp_path / "m.csv").faults] == lines


def test_bytes_that_are_no_text_spoil_their_row_alone(tmp_path):
    photo(tmp_path / "a.png")
    (tmp_path / "m.csv").write_bytes(b"photo,prompt\na.png,caf\xe9\na.png,fine\na.png,\0\n")
    asked = read(tmp_path / "m.csv")
    assert [fault.line for fault in asked.faults] == [2, 4] and names(asked) == ["a"]


def test_a_text_file_is_a_list_of_sentences(tmp_path):
    (tmp_path / "list.txt").write_bytes("\ufeffa red house\r\n\n  two cows on a meadow \na caf".encode() + b"\xe9\n")
    asked = read(tmp_path / "list.txt", prompt="a default")
    assert [(ask.name, ask.prompt, ask.photo, ask.line) for ask in asked.asks] == [
        ("a_red_house", "a red house", None, 1), ("two_cows_on_a_meadow", "two cows on a meadow", None, 3)
    ]  # fmt: skip
    assert [fault.line for fault in asked.faults] == [4]


def test_the_same_asked_twice_is_a_fault_and_another_seed_is_another_scene(tmp_path):
    photo(tmp_path / "a.png")
    rows = [{"photo": "a.png"}, {"photo": "a.png", "seed": 1}, {"photo": "a.png", "seed": 1}]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = read(tmp_path / "m.jsonl")
    assert len(set(names(asked))) == 2 and [fault.line for fault in asked.faults] == [3]


@pytest.mark.parametrize("head", ["seed,fov\n1,2\n", "photo,photo\na,b\n"])
def test_a_manifest_that_cannot_be_one_is_refused_as_a_whole(tmp_path, head):
    (tmp_path / "m.csv").write_text(head)
    with pytest.raises(InputError):
        read(tmp_path / "m.csv")


@pytest.mark.parametrize("source", ["", "*.png", "none", "none.csv"])
def test_a_source_with_nothing_in_it_is_refused(tmp_path, source):
    with pytest.raises(InputError):
        read(tmp_path / source)


@pytest.mark.parametrize(
    "told", ["a.png", "x/y/z.jpeg", "A castle. At night!", "名前.png", "/../..", "CON.png", "a" * 300]
)
def test_every_name_can_be_a_folder_and_stays_as_it_is(told):
    name = name_of(told)
    assert why_not(name) is None and len(name) <= LONGEST and name == name_of(told) and Path(name).name == name


def test_what_is_asked_for_survives_json_and_its_key_does_not_depend_on_where_it_lies():
    ask = Ask("a", "a.png", intrinsics=(1.0, 2.0, 3.0, 4.0), prompts=(("left", "a door"),), line=4, base="/x")
    assert Ask.of_json(json.loads(json.dumps(ask.as_json()))) == ask
    elsewhere = Ask.of_json(ask.as_json() | {"base": "s3://y", "line": 9, "name": "b"})
    assert ask.key(JOB) == elsewhere.key(Job("s3://z", device="cuda"))
    assert ask.key(JOB) != ask.key(Job("out", to=(".spz",))) != Ask("a", "a.png", seed=1).key(JOB)


def test_nothing_is_read_outside_of_the_folder_that_a_run_is_kept_in(tmp_path):
    root, outside = tmp_path / "root", photo(tmp_path / "outside" / "secret.png")
    photo(root / "in" / "a.png")
    (root / "in" / "link.png").symlink_to(outside)
    (root / "away").symlink_to(outside.parent)
    for source in ("../outside", "away", "away/*.png", str(outside), "memory://x", "in/../../outside"):
        with pytest.raises(InputError, match="outside"):
            read_source(source if ":" in source else str(root / source), DEFAULTS, JOB, root)
    asked = read_source(str(root / "in"), DEFAULTS, JOB, root)
    assert names(asked) == ["a"] and [fault.photo for fault in asked.faults] == ["link.png"]
    rows = [{"photo": "in/a.png"}, {"photo": str(outside)}, {"photo": "../outside/secret.png"}, {"photo": "s3://x/a.png"},
            {"photo": "in/a.png", "depth": "away/secret.png"}, {"photo": "in/a.png", "path": str(outside)}]  # fmt: skip
    (root / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = read_source(str(root / "m.jsonl"), DEFAULTS, JOB, root)
    assert len(asked.asks) == 1 and [fault.line for fault in asked.faults] == [2, 3, 4, 5, 6]
