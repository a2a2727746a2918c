"""Where the time of a run goes: booked to the stage and the function it passed in."""

import json
import sys
import time
from pathlib import Path

from gen3d.events import Finished, Started, product
from gen3d.run.profile import Profiler, Spent, keep, place_of


def test_what_passes_in_a_place_counts_there_and_in_all_around_it():
    spent = Spent()
    spent.book(("expand", "a: f", "numpy"), 2.0, 3.0, 100.0)
    spent.book(("expand", "a: g"), 1.0, 0.5, 300.0)
    spent.book((), 0.5, 0.0, 50.0)
    told = spent.as_json()
    assert (told["wall_s"], told["cpu_s"], told["peak_mb"]) == (3.5, 3.5, 300)
    assert told["inside"]["expand"]["wall_s"] == 3.0
    assert list(told["inside"]["expand"]["inside"]) == ["a: f", "a: g"], "the longest first"
    assert told["inside"]["expand"]["inside"]["a: f"]["inside"]["numpy"]["cpu_s"] == 3.0


def test_the_tree_leaves_out_what_is_next_to_nothing_and_joins_what_has_one_branch():
    spent = Spent()
    spent.book(("expand", "a: f", "a: g"), 99.5, 50.0, 100.0)
    spent.book(("lift",), 0.5, 0.5, 100.0)
    lines = list(spent.lines())
    assert len(lines) == 2 and lines[0].endswith("  all")
    assert "expand > a: f > a: g" in lines[1] and "99.50 s" in lines[1]


def test_a_place_is_named_by_what_of_the_package_it_lies_in():
    def step(seen: list):
        yield Started(str(seen.append(place_of(sys._getframe()))))

    seen = []
    product(step(seen))
    assert seen == [("events: product", __name__)]


def test_a_run_is_booked_by_stage_and_its_product_and_events_go_on():
    def run():
        yield Started("depth")
        time.sleep(0.1)
        yield Started("layers")
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        yield Finished("look", Path("out"))
        return "product"

    profiler, heard = Profiler(), []
    with profiler.looking():
        followed = profiler.follow(run())
        try:
            while True:
                heard.append(next(followed))
        except StopIteration as done:
            made = done.value
    stages = profiler.spent.inside
    assert made == "product" and [type(event) for event in heard] == [Started, Started, Finished]
    assert stages["depth"].wall_s > 0.05 > stages["depth"].cpu_s
    assert stages["layers"].cpu_s > 0.05
    assert profiler.spent.peak_mb > 50


def test_it_is_kept_whole_beside_the_record(tmp_path):
    spent = Spent()
    spent.book(("expand",), 1.0, 2.0, 3.0)
    keep(tmp_path, spent)
    assert json.loads((tmp_path / "profile.json").read_text())["inside"]["expand"]["cpu_s"] == 2.0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_stage_shorter_than_a_look_is_booked_too():
    def run():
        yield Started("depth")
        yield Started("layers")
        yield Finished("look", Path("out"))

    profiler = Profiler()
    list(profiler.follow(run()))
    assert list(profiler.spent.inside) == ["python", "before", "depth"]
    with profiler.looking():
        pass
    assert "layers" in profiler.spent.inside
