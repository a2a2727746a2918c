"""How large the networks are, and how long they take here: `python -m bench.engines [--time [NAME ...] | --readme]`.

Prints role, network, millions of parameters, and gigabytes in half and single precision, as they follow from the
configurations. --time draws random weights for the networks named (all, if none is) on the card, in half precision, or
else on the CPU in single, and prints the best and median milliseconds of a call and the peak of the card's memory: the
speed of the real weights, since it does not depend on their values. --readme prints the README's table of engines.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Sequence

import torch

from bench.full_size import NETWORKS, FullSize, Inputs, gigabytes, parameters
from gen3d.models import engines
from gen3d.models.engines import TIERS, Engine, preferred
from gen3d.models.weights.download import in_words

REPEATS = {"cuda": 10, "cpu": 3}


def table(networks: Sequence[FullSize]) -> list[str]:
    """A line per network, and their sum."""
    lines = [f"{'role':12} {'network':38} {'name':10} {'M':>8} {'GB fp16':>8} {'GB fp32':>8}"]
    for network in networks:
        count = parameters(network.on_meta())
        sizes = f"{gigabytes(count, torch.float16):8.2f} {gigabytes(count, torch.float32):8.2f}"
        lines.append(f"{network.role:12} {network.name:38} {network.key:10} {count / 1e6:8.1f} {sizes}")
    return lines


def timed(network: FullSize, inputs: Inputs) -> str:
    """A line on one network, called again and again after a first time."""
    drawn, repeats = network.drawn(inputs), REPEATS[inputs.device]
    on_card = inputs.device == "cuda"
    if on_card:
        torch.cuda.reset_peak_memory_stats()
    took = []
    with torch.inference_mode():
        for _ in range(repeats + 1):
            start = time.perf_counter()
            network.call(drawn, inputs)
            if on_card:
                torch.cuda.synchronize()
            took.append(1e3 * (time.perf_counter() - start))
    times = f"{min(took[1:]):9.1f} / {statistics.median(took[1:]):9.1f} ms"
    peak = f"   peak {torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if on_card else ""
    return f"{network.name:38} {times}   {network.work}{peak}"


def readme_table() -> str:
    """The engines in Markdown, a line each, read off `ENGINES`."""
    heads = ("engine", "plays", "tier", "networks, millions of parameters", "download", "licence")
    rows = (heads, ("---",) * len(heads), *(_readme_row(engine) for engine in engines.ENGINES))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _readme_row(engine: Engine) -> tuple[str, ...]:
    tiers = [tier for tier in TIERS if any(preferred(role, tier) is engine for role in engine.roles)]
    return (
        f"`{engine.key}`: {engine.name}",
        ", ".join(engine.roles),
        (", ".join(tiers) or "if asked for") if engine.weights else "any",
        _networks(engine),
        in_words(size_bytes) if (size_bytes := sum(weights.size_bytes for weights in engine.weights)) else "none",
        ", ".join(dict.fromkeys(weights.licence for weights in engine.weights)) or "ours",
    )


def _networks(engine: Engine) -> str:
    if len(engine.networks) == 1:
        return f"{engine.networks[0].millions:.0f}"
    return ", ".join(f"{network.name} {network.millions:.0f}" for network in engine.networks) or "none"


def main() -> None:
    """Prints the table, and times if they are asked for."""
    parser = argparse.ArgumentParser(description="Sizes and times of the hub engine's networks, with random weights.")
    parser.add_argument("--time", nargs="*", metavar="NAME", choices=[*NETWORKS], help="time these; all if none")
    parser.add_argument("--readme", action="store_true", help="print the README's table of engines")
    asked = parser.parse_args()
    if asked.readme:
        print(readme_table())
        return
    named = asked.time
    print("\n".join(table(list(NETWORKS.values()))), flush=True)
    if named is None:
        return
    inputs = Inputs("cuda", torch.float16) if torch.cuda.is_available() else Inputs("cpu", torch.float32)
    where = torch.cuda.get_device_name() if inputs.device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"\n{where}, {inputs.dtype}, torch {torch.__version__}; best / median of {REPEATS[inputs.device]}")
    for name in named or NETWORKS:
        print(timed(NETWORKS[name], inputs), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
