import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from gen3d.errors import ModelUnavailable
from gen3d.models.weights import download as download_module
from gen3d.models.weights.download import download, in_words
from gen3d.models.weights.hub import cached, hub_answers
from gen3d.models.weights.wanted import Source, Weights
from tests.hub_server import Hub, serving, turn_to

DEPTH, MASKS = b"depth" * 1000, b"masks" * 600


def weights(key: str, file: str) -> Weights:
    return Weights(key, key.title(), (Source(f"lab/{key}", (("config.json",), (file,))),), 6_000, "MIT", "made up")


WANTED = (weights("depth", "model.pt"), weights("masks", "sam.pth"))


class Opener:
    """Knows what the files should hold."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, key: str) -> None:
        self.opened.append(key)
        file = cached(next(w for w in WANTED if w.key == key)).files[1]
        if file.read_bytes() != {"depth": DEPTH, "masks": MASKS}[key]:
            raise ModelUnavailable(f"The weights of {key} at {file} cannot be used.", "Delete that file.")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    config = b"{}"
    repos = {
        "lab/depth": {"config.json": config, "model.pt": DEPTH},
        "lab/masks": {"config.json": config, "sam.pth": MASKS},
    }
    with serving(repos) as served:
        turn_to(served, monkeypatch, tmp_path / "cache")
        yield served


def run(opener: Opener | None = None) -> list[str]:
    lines: list[str] = []
    download(WANTED, opener or Opener(), lines.append)
    return lines


def test_the_size_comes_first_then_a_line_per_file_then_a_summary(hub: Hub) -> None:
    opener = Opener()
    assert run(opener) == [
        "8 kB to fetch for 2 of 2 networks (Depth, Masks)",
        f"into {constants.HF_HUB_CACHE}",
        "Depth: config.json, 2 B",
        "Depth: model.pt, 5 kB",
        "Depth: ready",
        "Masks: config.json, 2 B",
        "Masks: sam.pth, 3 kB",
        "Masks: ready",
        f"All 2 networks are ready in {constants.HF_HUB_CACHE}.",
    ]
    assert opener.opened == ["depth", "masks"]


def test_what_is_here_is_opened_and_nothing_is_asked(hub: Hub) -> None:
    run()
    hub.asked.clear()
    hub_answers.cache_clear()
    opener = Opener()
    lines = run(opener)
    assert len(lines) == 4 and lines[0].endswith("each is opened once.") and opener.opened == ["depth", "masks"]
    assert hub.asked == []


def test_only_what_is_missing_is_fetched(hub: Hub) -> None:
    run()
    cached(WANTED[1]).files[1].unlink()
    hub.asked.clear()
    assert run()[0] == "3 kB to fetch for 1 of 2 networks (Masks)"
    assert hub.transfers("model.pt") == [] and len(hub.transfers("sam.pth")) == 1


def test_a_damaged_file_is_fetched_once_more(hub: Hub) -> None:
    run()
    cached(WANTED[0]).files[1].write_bytes(b"?" * len(DEPTH))
    hub.asked.clear()
    opener = Opener()
    lines = run(opener)
    assert "Depth: damaged, fetched again: model.pt" in lines and lines[-1].startswith("All 2 networks are ready")
    assert len(hub.transfers("model.pt")) == 1 and opener.opened == ["depth", "depth", "masks"]


def test_a_file_that_is_damaged_on_the_hub_is_not_fetched_forever(hub: Hub) -> None:
    hub.repos["lab/depth"]["model.pt"] = b"?" * 5000
    opener = Opener()
    with pytest.raises(ModelUnavailable, match=r"1 of 2 networks are not ready\. .*model\.pt cannot be used"):
        run(opener)
    assert len(hub.transfers("model.pt")) == 1 and opener.opened == ["depth", "masks"]


def test_a_damaged_file_is_told_where_the_hub_does_not_answer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    cached(WANTED[0]).files[1].write_bytes(b"?")
    monkeypatch.setattr(download_module, "hub_answers", lambda: False)
    with pytest.raises(ModelUnavailable, match=r"model\.pt cannot be used"):
        run()
    assert cached(WANTED[0]) is not None


def test_one_network_that_is_not_to_be_had_does_not_keep_the_others(hub: Hub) -> None:
    del hub.repos["lab/depth"]
    opener, lines = Opener(), []
    with pytest.raises(ModelUnavailable, match=r"1 of 2 networks are not ready\..*lab/depth is not there"):
        download(WANTED, opener, lines.append)
    assert opener.opened == ["masks"] and "Masks: ready" in lines
    assert any(line.startswith("Depth: The model hub does not offer") for line in lines)


def test_offline_it_says_what_is_missing_and_asks_nobody(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match=r"2 of 2 .*\(Depth, Masks\) .*HF_HUB_OFFLINE is set\. Run this where"):
        run()
    assert hub.asked == []


def test_without_a_network_it_says_which_hub_does_not_answer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9 does not answer"):
        run()


def test_room_on_the_disk_is_looked_at_first(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")._replace(free=7_000)
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelUnavailable, match=r"8 kB are to be fetched, but .* has 7 kB free\. Free some"):
        run()
    assert hub.transfers("") == []


def test_an_interrupted_download_goes_on_the_next_time(hub: Hub) -> None:
    class Interrupted(Exception):
        pass

    def stop(line: str) -> None:
        if line == "Depth: ready":
            raise Interrupted

    with pytest.raises(Interrupted):
        download(WANTED, Opener(), stop)
    hub.asked.clear()
    assert run()[-1].startswith("All 2 networks are ready")
    assert hub.transfers("model.pt") == []


def test_on_a_terminal_bars_show_the_progress(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert [line for line in run() if "model.pt" in line] == []
    shown = capsys.readouterr().err
    assert "Depth: model.pt: 100%" in shown and "5.00k/5.00k" in shown


def test_without_bars_a_terminal_shows_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    download(WANTED, Opener(), lambda _: None, bars=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (140_550_416, "141 MB"),
        (999_800_000, "1.0 GB"),
        (2_743_000_000, "2.7 GB"),
    ],
)
def test_sizes_are_told_in_decimal_units(size: int, words: str) -> None:
    assert in_words(size) == words
