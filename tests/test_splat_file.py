import struct

import numpy as np
import pytest
import torch

from gen3d.errors import EmptyWorld, InputError
from gen3d.formats.splat import open_splat, read_splat, write_splat
from gen3d.splat.gaussians import Gaussians, sh_from_rgb


@pytest.fixture
def gaussians() -> Gaussians:
    return Gaussians(
        means=torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, -4.0], [0.5, 0.5, 0.5, 0.5]]),
        scales=torch.tensor([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2], [0.2, 0.2, 0.2]]),
        opacities=torch.tensor([1.0, 0.2, 0.8]),
        sh=sh_from_rgb(torch.tensor([[0.0, 0.5, 1.0], [1.0, 0.0, 0.2], [-0.3, 1.4, 0.4]])),
    )


def test_each_gaussian_takes_32_bytes_in_the_known_layout(tmp_path, gaussians):
    write_splat(tmp_path / "a.splat", gaussians)
    content = (tmp_path / "a.splat").read_bytes()
    rows = list(struct.iter_unpack("<3f3f4B4B", content))
    assert len(content) == 96
    # by volume times opacity: the third (0.0064), the second (0.0016), the first (0.001)
    assert [row[:3] for row in rows] == [(7, 8, 9), (4, 5, 6), (1, 2, 3)]
    assert rows[1][3:6] == pytest.approx((0.2, 0.2, 0.2))
    assert rows[0][6:10] == (0, 255, 102, 204)
    assert rows[1][6:10] == (255, 0, 51, 51)
    assert rows[1][10:] == (128, 205, 128, 26)  # 0.6 and -0.8
    assert rows[2][10:] == (255, 128, 128, 128)


def test_round_trip_within_a_byte(tmp_path, gaussians):
    write_splat(tmp_path / "a.splat", gaussians)
    read, order = read_splat(tmp_path / "a.splat"), [2, 1, 0]
    torch.testing.assert_close(read.means, gaussians.means[order])
    torch.testing.assert_close(read.scales, gaussians.scales[order])
    torch.testing.assert_close(read.opacities, gaussians.opacities[order], atol=0.002, rtol=0)
    torch.testing.assert_close(read.rgb, gaussians.rgb[order].clamp(0, 1), atol=0.0021, rtol=0)
    turned = torch.nn.functional.normalize(gaussians.quats[order], dim=1)
    torch.testing.assert_close(read.quats, turned, atol=0.02, rtol=0)


def test_equal_importance_keeps_the_order(tmp_path):
    n = 100
    means = torch.arange(n * 3, dtype=torch.float32).reshape(n, 3)
    same = Gaussians(means, torch.ones(n, 4), torch.full((n, 3), 0.1), torch.full((n,), 0.5), torch.zeros(n, 1, 3))
    write_splat(tmp_path / "a.splat", same)
    torch.testing.assert_close(read_splat(tmp_path / "a.splat").means, means)


def test_bad_files_are_refused(tmp_path, gaussians):
    write_splat(tmp_path / "a.splat", gaussians)
    (tmp_path / "cut.splat").write_bytes((tmp_path / "a.splat").read_bytes()[:31])
    (tmp_path / "empty.splat").write_bytes(b"")
    (tmp_path / "nan.splat").write_bytes(b"\xff" * 32)
    with pytest.raises(InputError, match="truncated"):
        read_splat(tmp_path / "cut.splat")
    with pytest.raises(InputError, match="is empty"):
        read_splat(tmp_path / "empty.splat")
    with pytest.raises(InputError, match=r"not a \.splat"):
        read_splat(tmp_path / "nan.splat")
    nowhere = struct.pack("<3f3f4B4B", np.nan, 0, 0, 1, 1, 1, *[9] * 4, 128, 128, 128, 128)
    (tmp_path / "none.splat").write_bytes(2 * nowhere)
    with pytest.raises(EmptyWorld):
        read_splat(tmp_path / "none.splat")
    with pytest.raises(InputError, match="at most"):
        read_splat(tmp_path / "a.splat", most=2)
    with pytest.raises(EmptyWorld):
        write_splat(tmp_path / "b.splat", gaussians.keep(torch.zeros(3, dtype=torch.bool)))
    assert not (tmp_path / "b.splat").exists()


def test_of_a_file_that_was_cut_the_whole_gaussians_are_read_and_that_is_told(tmp_path, gaussians):
    write_splat(tmp_path / "a.splat", gaussians)
    content = (tmp_path / "a.splat").read_bytes()
    for name, bad, count in (("cut", content[:-1], 2), ("longer", content + b"\0\0", 3)):
        (tmp_path / f"{name}.splat").write_bytes(bad)
        opened = open_splat(tmp_path / f"{name}.splat")
        assert len(opened.gaussians) == count and "ends within a Gaussian" in opened.notices[0]
    assert open_splat(tmp_path / "a.splat").notices == ()
