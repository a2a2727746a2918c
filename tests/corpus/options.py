"""What a build can be told, and where it can be told to write; the photo is good."""

from __future__ import annotations

import os

from tests.corpus.case import Case, Wanted

GIVEN = ("--preset", "fast", "--engine", "builtin", "-o", "{out}")
SMALL = ("--size", "64", "--fov", "60")


def option(wanted: Wanted, name: str, *argv: str, sample: bool = False) -> Case:
    return Case("options", name, wanted, ("build", *argv), sample=sample)


def values(name: str, of: dict[str, Wanted], *others: str, sample: str = "") -> list[Case]:
    """One option with several values."""
    return [
        option(wanted, f"{name} {_short(value)}", "{photo}", *others, *GIVEN, f"--{name}={value}",
               sample=value == sample)
        for value, wanted in of.items()
    ]  # fmt: skip


def _short(value: str) -> str:
    return value if len(value) <= 24 else f"of {len(value)} digits"


def output(wanted: Wanted, name: str, place: str, sample: bool = False) -> Case:
    return option(wanted, f"output {name}", "{photo}", *SMALL, *GIVEN[:-1], place, sample=sample)


def all_are(wanted: Wanted, *values: str) -> dict[str, Wanted]:
    return dict.fromkeys(values, wanted)


LENS = [
    *values("fov", all_are("refused", "0", "-1", "180", "176", "nan", "inf", "0.5", "abc"), *SMALL[:2], sample="nan"),
    *values("fov", all_are("built", "1", "175"), "--size", "64"),
    *values("intrinsics", all_are(
        "refused", "nan,1,1,1", "0,0,0,0", "-50,-50,48,36", "1e-9,1e-9,48,36", "1e9,1e9,48,36", "50,50,1e9,36", "1,2,3",
        "50,50,nan,36", "inf,inf,inf,inf"), "--size", "64", sample="0,0,0,0"),
    *values("intrinsics", all_are("either", "50,5000,48,36", "50,50,143,107"), "--size", "64"),
]  # fmt: skip
NUMBERS = [
    *values("size", all_are("refused", "0", "-1", "63", "2049", "1e3", "9" * 20), sample="63"),
    *values("seed", all_are("refused", "-1", "1.5", "nan"), *SMALL),
    *values("seed", {str(2**31): "built", str(2**63): "either", str(2**64): "either", "9" * 60: "either"}, *SMALL),
    *values("seed", all_are("either", "9" * 5000), *SMALL),
    *values("max-gaussians", {"0": "refused", "-5": "refused", "1": "either", "10": "either"}, *SMALL, sample="1"),
]
WORDS = [
    option("refused", "neither photo nor prompt", "--engine", "builtin", "-o", "{out}"),
    option("built", "prompt alone", "--prompt", "a lake", *GIVEN, "--size", "64"),
    option("refused", "prompt alone, which nobody draws", "--prompt", "colourless ideas", *GIVEN),
    option("refused", "prompt of blanks", "--prompt", "   ", "--engine", "builtin", "-o", "{out}", sample=True),
    option("built", "prompt of 10 000 letters", "{photo}", *SMALL, *GIVEN, "--prompt", "<b>x" * 2500),
    option("either", "prompt that is no UTF-8", "{photo}", *SMALL, *GIVEN, "--prompt", os.fsdecode(b"a\xff\xfe"),
           sample=True),
    option("built", "prompt of control characters", "{photo}", *SMALL, *GIVEN, "--prompt", "a\x1b[31m\u202e\n\t"),
    option("refused", "preset that is none", "{photo}", "--preset", "x", "-o", "{out}"),
    option("refused", "path that is none", "{photo}", *GIVEN, "--path", "x"),
    option("refused", "path that is a folder", "{photo}", *GIVEN, "--path", "{home}"),
    option("refused", "prompt for nowhere", "{photo}", *GIVEN, "--prompt-for", "nowhere=x"),
    option("refused", "prompt for the hundredth pose", "{photo}", *GIVEN, "--prompt-for", "100=x"),
]  # fmt: skip
OUTPUTS = [
    output("refused", "is a file", "{photo}", sample=True),
    output("refused", "holds the photo", "{home}/in"),
    output("refused", "holds what is not ours", "{home}/foreign"),
    output("refused", "is the root", "/"),
    output("either", "is nothing", ""),
    output("either", "is this folder", "."),
    output("refused", "lies under a file", "{photo}/x"),
    output("refused", "of 256 letters", "{out}" + "x" * 256),
    output("either", "of 245 letters", "{home}/" + "y" * 245),
    output("refused", "lies in /proc", "/proc/x", sample=True),
    output("refused", "is a device", "/dev/null"),
    output("either", "is a link to nothing", "{linked}"),
    output("either", "is no UTF-8", "{out}" + os.fsdecode(b"\xff"), sample=True),
    output("built", "has folders that are not there", "{out}/a/b/c"),
]

CASES = [*LENS, *NUMBERS, *WORDS, *OUTPUTS]
