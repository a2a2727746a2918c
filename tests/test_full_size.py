import pytest
import torch

from bench.engines import table, timed
from bench.full_size import NETWORKS, FullSize, Inputs, gigabytes, parameters


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_a_network_built_from_its_configuration_has_the_published_size_and_takes_its_inputs(network):
    on_meta = network.on_meta().eval()
    assert all(weight.is_meta for weight in on_meta.parameters())
    assert parameters(on_meta) / 1e6 == pytest.approx(network.published, abs=0.06)
    if network.key != "blip":  # which looks at the words it finds
        network.call(on_meta, Inputs("meta", torch.float32))


def test_gigabytes_follow_from_the_precision():
    assert gigabytes(1_000_000_000, torch.float16) == 2.0 and gigabytes(1_000_000_000, torch.float32) == 4.0


class Small(torch.nn.Linear):
    """A network of 1,010 parameters that counts its calls."""

    calls = 0

    def __init__(self) -> None:
        super().__init__(100, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        Small.calls += 1
        assert x.dtype == self.weight.dtype
        return super().forward(x)


SMALL = FullSize("small", "role", "A small one", 0.001, Small, lambda net, inputs: net(inputs.noise(2, 100)), "a call")


def test_the_table_has_a_line_for_each_network_with_its_size():
    header, line = table([SMALL])
    assert header.split() == ["role", "network", "name", "M", "GB", "fp16", "GB", "fp32"]
    assert line.split() == ["role", "A", "small", "one", "small", "0.0", "0.00", "0.00"]


def test_a_network_of_random_weights_is_timed():
    Small.calls = 0
    line = timed(SMALL, Inputs("cpu", torch.float32))
    assert Small.calls == 4 and line.startswith("A small one") and "ms" in line and line.endswith("a call")
