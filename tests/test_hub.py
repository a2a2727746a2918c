import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_hub_download

from gen3d.errors import ModelUnavailable
from gen3d.models.weights import hub as hub_module
from gen3d.models.weights import transfer
from gen3d.models.weights.hub import cached, discard_damaged, fetch, hub_answers, size_to_fetch
from gen3d.models.weights.wanted import Source, Weights
from tests.hub_server import Hub, etag_of, serving, turn_to
from tests.patience import PATIENCE_S

LARGE = bytes(range(256)) * 40
"""Lies behind a redirect."""
SMALL = b'{"model": "tiny"}'
NET = Weights(
    "net",
    "Tiny net",
    (
        Source("first/net", (("config.json",), ("unet/net.fp16.safetensors", "unet/net.safetensors"))),
        Source("second/net", (("config.json",), ("net.bin",))),
    ),
    20_000,
    "MIT",
    "made up",
)
WHOLE = {"config.json": SMALL, "unet/net.fp16.safetensors": LARGE, "unet/net.safetensors": LARGE + LARGE}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving({"first/net": dict(WHOLE), "second/net": {"config.json": SMALL, "net.bin": LARGE}}) as served:
        turn_to(served, monkeypatch, tmp_path / "cache")
        yield served


def content_of(weights: Weights = NET) -> list[bytes]:
    located = cached(weights)
    assert located is not None
    return [path.read_bytes() for path in located.files]


def in_cache(pattern: str) -> list[Path]:
    return [path for path in Path(constants.HF_HUB_CACHE).rglob(pattern) if path.is_file()]


def test_everything_is_fetched_and_located(hub: Hub) -> None:
    assert cached(NET) is None
    located = fetch(NET)
    assert located == cached(NET)
    assert [path.relative_to(located.folder).as_posix() for path in located.files] == [
        "config.json", "unet/net.fp16.safetensors"
    ]  # fmt: skip
    assert content_of() == [SMALL, LARGE] and located.source is NET.sources[0] and located.variant == "fp16"
    assert not any(path.is_symlink() for path in Path(constants.HF_HUB_CACHE).rglob("*"))


def test_nothing_is_asked_when_the_cache_is_complete(hub: Hub) -> None:
    fetch(NET)
    hub.asked.clear()
    assert fetch(NET) == cached(NET) and size_to_fetch([NET]) == 0
    assert hub.asked == []


def test_huggingface_hub_itself_finds_what_was_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    located = fetch(NET)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    found = hf_hub_download("first/net", "config.json", cache_dir=constants.HF_HUB_CACHE)
    assert Path(found) == located.files[0].resolve()


def test_what_huggingface_hub_fetched_is_found(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    for name in WHOLE:
        hf_hub_download("first/net", name, cache_dir=constants.HF_HUB_CACHE)
    hub.asked.clear()
    assert content_of() == [SMALL, LARGE] and hub.asked == []


def test_a_cut_transfer_goes_on_where_it_broke_off(hub: Hub) -> None:
    hub.cut_once = {"unet/net.fp16.safetensors"}
    fetch(NET)
    first, second = hub.transfers("net.fp16.safetensors")
    assert "Range" not in first.headers and second.headers["Range"] == "bytes=5000-"
    assert content_of() == [SMALL, LARGE]


def test_what_an_ended_process_left_is_not_fetched_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(name: str, here: int, size: int) -> None:
        if here > 6000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(NET, stop)
    assert cached(NET) is None and len(in_cache("*.incomplete")) == 1
    hub.asked.clear()
    seen: list[tuple[str, int, int]] = []
    fetch(NET, lambda *told: seen.append(told))
    (transfer,) = hub.transfers("net.fp16.safetensors")
    assert transfer.headers["Range"] == "bytes=6000-"
    assert seen == [("unet/net.fp16.safetensors", here, 10240) for here in (7000, 8000, 9000, 10000, 10240)]
    assert content_of() == [SMALL, LARGE] and in_cache("*.incomplete") == []


@pytest.mark.parametrize("left", [b"x" * 500, b"x" * len(LARGE), b"x" * 20_000], ids=["begun", "full", "too long"])
def test_a_damaged_part_is_replaced(hub: Hub, left: bytes) -> None:
    fetch(NET).files[1].unlink()
    blobs = Path(constants.HF_HUB_CACHE) / "models--first--net" / "blobs"
    (blobs / f"{etag_of(LARGE)}.incomplete").write_bytes(left)
    fetch(NET)
    assert content_of() == [SMALL, LARGE]


def test_content_that_differs_from_what_was_announced_is_fetched_again(hub: Hub) -> None:
    hub.garbled_once = {"unet/net.fp16.safetensors"}
    fetch(NET)
    assert len(hub.transfers("net.fp16.safetensors")) == 2 and content_of() == [SMALL, LARGE]


def test_a_body_that_ends_too_early_never_counts(hub: Hub) -> None:
    hub.short = {"unet/net.fp16.safetensors"}
    with pytest.raises(ModelUnavailable, match=r"Tiny net: unet/net\.fp16\.safetensors could not .* from first/net"):
        fetch(NET)
    assert cached(NET) is None
    hub.short.clear()
    fetch(NET)
    assert content_of() == [SMALL, LARGE]


def test_another_name_is_taken_where_the_first_is_not(hub: Hub) -> None:
    del hub.repos["first/net"]["unet/net.fp16.safetensors"]
    located = fetch(NET)
    assert located.files[1].name == "net.safetensors" and located.variant is None


@pytest.mark.parametrize("fault", ["no file", "no repository", "closed"])
def test_the_second_source_is_taken_where_the_first_is_wanting(hub: Hub, fault: str) -> None:
    if fault == "no file":
        hub.repos["first/net"] = {"config.json": SMALL}
    elif fault == "no repository":
        del hub.repos["first/net"]
    else:
        hub.closed = {"first/net"}
    located = fetch(NET)
    assert located.source.repo == "second/net" and located.files[1].read_bytes() == LARGE


def test_weights_that_no_source_has_are_told_with_all_that_was_tried(hub: Hub) -> None:
    hub.repos["first/net"] = {"config.json": SMALL}
    hub.closed = {"second/net"}
    with pytest.raises(ModelUnavailable) as told:
        fetch(NET)
    what = told.value.what
    assert "Tiny net" in what and "first/net has no unet/net.fp16.safetensors nor unet/net.safetensors" in what
    assert "second/net is not there" in what


@pytest.mark.parametrize(("verb", "seconds"), [("HEAD", 1.5), ("GET", 4.0)])
def test_a_hub_that_falls_silent_is_left_within_the_timeouts(hub: Hub, verb: str, seconds: float) -> None:
    hub.hang_on = {verb}
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"config\.json .* first/net: .* did not answer in time"):
        fetch(NET)
    assert time.monotonic() - started < seconds
    assert cached(NET) is None


def test_without_a_network_it_says_so(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    with pytest.raises(ModelUnavailable, match=r"Tiny net: config.json could not be fetched.* Check the network"):
        fetch(NET)


def test_a_hub_out_of_order_is_told_with_its_answer(hub: Hub) -> None:
    hub.status = 503
    with pytest.raises(ModelUnavailable, match="the hub answered 503"):
        fetch(NET)
    assert not hub_answers()


def test_offline_nothing_is_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match=r"Tiny net are not in .*HF_HUB_OFFLINE forbids"):
        fetch(NET)
    assert not hub_answers() and size_to_fetch([NET]) == NET.size_bytes
    assert hub.asked == []


def test_whether_the_hub_answers_is_asked_once(hub: Hub) -> None:
    assert hub_answers() and hub_answers()
    assert len(hub.asked) == 1


def test_a_silent_hub_does_not_answer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", f"{hub.endpoint}/first/net/resolve/main")
    hub.hang_on = {"HEAD"}
    started = time.monotonic()
    assert not hub_answers(0.2)
    assert time.monotonic() - started < 0.5


def test_the_size_to_fetch_is_what_the_hub_says_is_missing(hub: Hub) -> None:
    assert size_to_fetch([NET]) == len(SMALL) + len(LARGE)
    fetch(NET).files[1].unlink()
    assert size_to_fetch([NET]) == len(LARGE)
    del hub.repos["first/net"], hub.repos["second/net"]
    shutil.rmtree(constants.HF_HUB_CACHE)
    assert size_to_fetch([NET]) == NET.size_bytes


def test_a_full_disk_is_told_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")._replace(free=5000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ModelUnavailable, match=r"net.fp16.safetensors .* is full\. Free some space"):
        fetch(NET)
    assert hub.transfers("net.fp16.safetensors") == []


def test_a_disk_that_fills_up_is_told_too(hub: Hub) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelUnavailable, match="is full"):
        fetch(NET, fill)


def test_a_cache_that_cannot_be_written_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(hub_module.Path, "mkdir", refuse)
    with pytest.raises(ModelUnavailable, match="not writable"):
        fetch(NET)


def test_only_files_that_differ_from_the_hubs_are_discarded(hub: Hub) -> None:
    located = fetch(NET)
    assert discard_damaged(located) == ()
    located.files[1].write_bytes(LARGE[:-1] + b"?")
    assert discard_damaged(located) == (located.files[1],)
    assert cached(NET) is None and located.files[0].exists()


def test_a_file_that_serves_for_two_is_fetched_and_discarded_once(hub: Hub) -> None:
    either = (("vocab.json", "both.json"), ("merges.txt", "both.json"), ("config.json",))
    hub.repos["first/net"] = {"config.json": SMALL, "both.json": LARGE}
    located = fetch(Weights("words", "Words", (Source("first/net", either),), 1, "MIT", "made up"))
    assert [file.name for file in located.files] == ["both.json", "both.json", "config.json"]
    assert len(hub.transfers("both.json")) == 1
    located.files[0].write_bytes(b"?")
    assert discard_damaged(located) == (located.files[0],)


@pytest.mark.skipif(os.name == "nt", reason="no links there")
def test_of_a_link_the_content_is_discarded_too(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    for name in ("config.json", "unet/net.fp16.safetensors"):
        hf_hub_download("first/net", name, cache_dir=constants.HF_HUB_CACHE)
    located = cached(NET)
    assert located.files[1].is_symlink()
    located.files[1].resolve().write_bytes(b"?")
    assert discard_damaged(located) == (located.files[1],) and cached(NET) is None
    fetch(NET)
    assert content_of() == [SMALL, LARGE]


def test_a_new_commit_on_the_hub_changes_nothing_here(hub: Hub) -> None:
    located = fetch(NET)
    other = Weights("other", "Other", (Source("first/net", (("config.json",), ("new.bin",))),), 1, "MIT", "made up")
    hub.commit, hub.repos["first/net"]["new.bin"] = "d" * 40, LARGE
    assert fetch(other).folder.name == "d" * 40
    assert cached(NET) == located


def test_the_token_goes_to_the_hub_and_nowhere_else(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(NET)
    told = {asked.path.split("/")[1]: asked.headers.get("authorization") for asked in hub.asked}
    assert told == {"first": "Bearer hf_secret", "cdn": None}


PROGRAM = """
from gen3d.models.weights.hub import cached, fetch, hub_answers
from tests.test_hub import NET
print(hub_answers())
fetch(NET)
print(cached(NET).folder)
"""


def run_elsewhere(hub: Hub, home: Path, **more: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGINGFACE_", "TRANSFORMERS_"))}
    environment = kept | {"HF_HOME": str(home), "HF_ENDPOINT": hub.endpoint, "PYTHONPATH": os.getcwd()} | more
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_processes_fetch_a_file_once(hub: Hub, tmp_path: Path) -> None:
    hub.delay_s = 1.0
    both = [run_elsewhere(hub, tmp_path / "home") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        assert out.split() == ["True", str(tmp_path / "home" / "hub" / "models--first--net/snapshots" / ("c" * 40))]
    assert len(hub.transfers("net.fp16.safetensors")) == 1


def test_the_environment_switches_the_network_off(hub: Hub, tmp_path: Path) -> None:
    process = run_elsewhere(hub, tmp_path / "home", HF_HUB_OFFLINE="1")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert out.split() == ["False"] and "HF_HUB_OFFLINE forbids fetching" in err
    assert hub.asked == []
