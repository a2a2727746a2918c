"""Our rasterizer for plain processors: numba kernels (`kernels.py` is their map), a torch function, SSIM.

OpenMP reads its wait policy once, when the first library brings it in. Its default lets idle threads spin, which
doubles the time of everything else on a busy machine, so idle threads sleep here. The line works only before torch
or numba are loaded: a program imports this package (or sets the variable itself) first.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
