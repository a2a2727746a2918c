"""Independent pieces of work side by side: their order, their failures, and one thread."""

import os
import threading
import weakref
from functools import partial

import numpy as np
import pytest

from gen3d.geometry import together as module
from gen3d.geometry.together import ahead, aside, in_bands, in_turn, meanwhile, shared, together
from gen3d.splat.cpu.kernels import kernel
from gen3d.splat.cpu.machine import next_ticket


@pytest.fixture(params=[1, 2])
def threads(request, monkeypatch):
    monkeypatch.setattr(module.config, "NUMBA_NUM_THREADS", request.param)
    return request.param


def test_results_come_in_the_order_of_the_tasks_whoever_ends_first(threads):
    ended = threading.Event()

    def first():
        if threads > 1:
            assert ended.wait(60)
        return 1

    def second():
        ended.set()
        return 2

    assert together([first, second]) == [1, 2]


def test_the_first_failure_is_raised_when_all_have_ended(threads):
    done = []

    def fails(name):
        done.append(name)
        raise ValueError(name)

    with pytest.raises(ValueError, match="a"):
        together([partial(fails, "a"), partial(fails, "b")])
    assert sorted(done) == (["a", "b"] if threads > 1 else ["a"])


def test_nothing_to_do_is_done_at_once(threads):
    assert together([]) == []


def test_tasks_may_do_things_together_themselves_though_no_thread_is_free(threads):
    def task(i):
        return together([lambda j=j: together([lambda: 10 * i + j, lambda: 0])[0] for j in range(3)])

    assert together([partial(task, i) for i in range(3)]) == [[10 * i + j for j in range(3)] for i in range(3)]


def test_what_interrupts_the_one_who_asked_ends_all_that_had_not_begun(threads):
    done = []

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        together([interrupted, *(partial(done.append, i) for i in range(10_000))])
    assert len(done) < 10_000
    assert together([lambda: 1, lambda: 2]) == [1, 2]


def test_what_is_shared_is_run_by_all_threads_at_once_with_the_same_tickets(threads):
    all_here, given = threading.Barrier(threads), []

    def run(tickets, what):
        all_here.wait(60)
        given.append((tickets, what))

    shared(run, "picture")
    assert [what for _, what in given] == ["picture"] * threads
    assert all(tickets is given[0][0] for tickets, _ in given) and given[0][0] == [0]


def test_every_piece_of_what_is_shared_is_done_once(threads):
    done = np.zeros(100_000, np.int64)
    shared(count_tickets, done)
    assert (done == 1).all()


def test_what_nobody_had_time_to_help_with_is_kept_by_nobody(monkeypatch):
    monkeypatch.setattr(module.config, "NUMBA_NUM_THREADS", 2)
    go, picture = threading.Event(), np.zeros(3)
    alive = weakref.ref(picture)

    def run(tickets, picture):
        pass

    busy = module._helpers(1).submit(go.wait, 60)
    shared(run, picture)
    del picture
    assert alive() is None
    go.set()
    busy.result()


@partial(kernel, cache=False)
def count_tickets(tickets, done):
    i = next_ticket(tickets)
    while i < len(done):
        done[i] += 1
        i = next_ticket(tickets)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_threads_of_its_own(threads):
    assert together([lambda: 1, lambda: 2]) == [1, 2]
    child = os.fork()
    if child == 0:
        os._exit(together([lambda: 3, lambda: 4]) != [3, 4])
    assert os.waitpid(child, 0)[1] == 0


def test_what_is_handed_aside_is_done_in_order_while_this_thread_goes_on():
    done, go = [], threading.Event()
    with aside() as beside:
        beside(lambda: (go.wait(60), done.append(1)))
        assert done == []
        go.set()
        beside(lambda: done.append(2))
    assert done == [1, 2]


@pytest.mark.parametrize("more", [0, 1])
def test_what_fails_aside_is_raised_here(more):
    def fails():
        raise OSError("full")

    with pytest.raises(OSError, match="full"), aside() as beside:
        beside(fails)
        for _ in range(more):
            beside(lambda: None)
            pytest.fail("the failure was not told when the next was handed over")


def test_what_is_done_ahead_comes_in_order_and_one_more_is_under_way():
    begun = [threading.Event() for _ in range(4)]

    def task(i):
        begun[i].set()
        return i

    for i in ahead(partial(task, i) for i in range(4)):
        assert begun[min(i + 1, 3)].wait(60)
        assert i > 1 or not begun[i + 2].is_set()
    assert list(ahead([])) == []


def test_what_fails_ahead_is_raised_in_its_turn():
    def fails():
        raise ValueError("b")

    done = ahead([lambda: "a", fails, lambda: "c"])
    assert next(done) == "a"
    with pytest.raises(ValueError, match="b"):
        next(done)


def test_what_comes_after_others_is_begun_when_they_are_done(threads):
    done = []
    after = {i: [i // 2, (i - 1) // 2] if i else [] for i in range(40)}

    def task(i):
        assert all(other in done for other in after[i])
        done.append(i)

    in_turn({i: (partial(task, i), after[i]) for i in reversed(range(40))})
    assert sorted(done) == list(range(40))
    in_turn({})


def test_what_fails_in_its_turn_is_raised_and_what_comes_after_it_is_not_begun(threads):
    done = []

    def fails():
        raise ValueError("b")

    with pytest.raises(ValueError, match="b"):
        in_turn({"a": (lambda: done.append("a"), []), "b": (fails, ["a"]), "c": (lambda: done.append("c"), ["b"])})
    assert done == ["a"]


def test_a_task_is_done_meanwhile_and_its_outcome_waited_for():
    begun, go = threading.Event(), threading.Event()

    def task():
        begun.set()
        assert go.wait(60)
        return 7

    with meanwhile(task) as outcome:
        assert begun.wait(60)  # while this block goes on
        go.set()
        assert outcome() == 7


def test_what_is_done_meanwhile_is_waited_for_when_nobody_asks_and_raises_where_somebody_does():
    ended = []

    def fails():
        ended.append(True)
        raise ValueError("lost")

    with meanwhile(fails):
        pass
    assert ended
    with meanwhile(fails) as outcome, pytest.raises(ValueError, match="lost"):
        outcome()


@pytest.mark.parametrize("rows", [1, 5, 12])
def test_every_row_is_of_one_band(threads, rows, monkeypatch):
    monkeypatch.setattr(module, "BAND", 5)
    done = [0] * rows

    def count(first, end, more):
        for row in range(first, end):
            done[row] += more

    in_bands(rows, count, 2)
    assert done == [2] * rows
