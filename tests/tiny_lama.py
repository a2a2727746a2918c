"""A tiny network in the form of an exported LaMa: known pixels come back, a hole is filled with what surrounds it.

The fill is the mean of the known pixels within a few pixels, and where there are none the mean of all: what a hole
must look like is known to the last digit.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

REACH_PX = 4
"""Half width of the window of known pixels that lend to a hole's pixel."""


def save_tiny_lama(
    path: Path,
    side: int | None = 64,
    scale: float = 255.0,
    swapped: bool = False,
    channels_last: bool = False,
    hole_is: int = 1,
    names: tuple[str, str, str] = ("image", "mask", "output"),
    half: bool = False,
) -> Path:
    """Writes the file and returns its path.

    side: of the square it takes; None is any size. scale: of its output's white. swapped: the hole is the first input.
    hole_is: the number that marks a hole's pixel. half: float16 throughout. The first export of a LaMa that you meet
    has none of the defaults changed.
    """
    element = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    inputs = [_tensor(names[0], 3, side, channels_last, element), _tensor(names[1], 1, side, channels_last, element)]
    graph = helper.make_graph(
        _nodes(names, channels_last, hole_is),
        "tiny LaMa",
        inputs[::-1] if swapped else inputs,
        [_tensor(names[2], 3, side, channels_last, element)],
        [numpy_helper.from_array(a.astype(np.float16 if half else np.float32), k) for k, a in _weights(scale).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _tensor(name: str, channels: int, side: int | None, channels_last: bool, element: int) -> onnx.ValueInfoProto:
    size = [side, side] if side else ["height", "width"]
    return helper.make_tensor_value_info(name, element, [1, *size, channels] if channels_last else [1, channels, *size])


def _weights(scale: float) -> dict[str, np.ndarray]:
    window = np.ones((1, 1, 2 * REACH_PX + 1, 2 * REACH_PX + 1))
    return {
        "window": window,
        "window3": np.repeat(window, 3, axis=0),
        "one": np.array(1.0),
        "faint": np.array(1e-3),
        "tiny": np.array(1e-4),
        "scale": np.array(scale),
    }


def _nodes(names: tuple[str, str, str], channels_last: bool, hole_is: int) -> list[onnx.NodeProto]:
    image, hole, output = names
    pads = [REACH_PX] * 4
    first = [("Transpose", [image], "rgb", {"perm": [0, 3, 1, 2]}), ("Transpose", [hole], "m", {"perm": [0, 3, 1, 2]})]
    straight = [("Identity", [image], "rgb", {}), ("Identity", [hole], "m", {})]
    steps = [
        *(first if channels_last else straight),
        *([("Sub", ["one", "m"], "known", {})] if hole_is else [("Identity", ["m"], "known", {})]),
        ("Sub", ["one", "known"], "hole", {}),
        ("Mul", ["rgb", "known"], "seen", {}),
        ("Conv", ["seen", "window3"], "near_sum", {"pads": pads, "group": 3}),
        ("Conv", ["known", "window"], "near_count", {"pads": pads}),
        ("GlobalAveragePool", ["seen"], "all_sum", {}),
        ("GlobalAveragePool", ["known"], "all_count", {}),
        ("Mul", ["all_sum", "faint"], "faint_sum", {}),
        ("Mul", ["all_count", "faint"], "faint_count", {}),
        ("Add", ["near_sum", "faint_sum"], "total", {}),
        ("Add", ["near_count", "faint_count"], "count", {}),
        ("Max", ["count", "tiny"], "some", {}),
        ("Div", ["total", "some"], "guess", {}),
        ("Mul", ["guess", "hole"], "made_up", {}),
        ("Add", ["seen", "made_up"], "picture", {}),
        ("Mul", ["picture", "scale"], "white", {}),
        ("Transpose" if channels_last else "Identity", ["white"], output,
         {"perm": [0, 2, 3, 1]} if channels_last else {}),
    ]  # fmt: skip
    return [helper.make_node(operator, taken, [given], **options) for operator, taken, given, options in steps]
