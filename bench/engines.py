"""How large the hub engine's networks are, and how long they take here: `python -m bench.engines [--time [NAME ...]]`.

Prints role, network, millions of parameters, and gigabytes in half and single precision, as they follow from the
configurations. --time draws random weights for the networks named (all, if none is) on the card, in half precision, or
else on the CPU in single, and prints the best and median milliseconds of a call and the peak of the card's memory: the
speed of the real weights, since it does not depend on their values.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Sequence

import torch

from bench.full_size import NETWORKS, FullSize, Inputs, gigabytes, parameters

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


def main() -> None:
    """Prints the table, and times if they are asked for."""
    parser = argparse.ArgumentParser(description="Sizes and times of the hub engine's networks, with random weights.")
    parser.add_argument("--time", nargs="*", metavar="NAME", choices=[*NETWORKS], help="time these; all if none")
    named = parser.parse_args().time
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
