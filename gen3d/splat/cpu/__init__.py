"""Our rasterizer for plain processors: numba kernels (`kernels.py` is their map), a torch function, SSIM.

Three ways in: `rasterization.rasterization` has the call of gsplat's function of that name, `function.CpuRasterizer`
plays the role of `gen3d.splat.role`, and `steps.KernelSteps` are the steps of a fit by kernels alone: `loss.py`
compares and differentiates in one walk over the rows, `move.py` gathers a Gaussian's gradient and spends it. `ssim.py`
is for fits with other rasterizers on the processor.

Two settings are the environment's. `OMP_WAIT_POLICY`: OpenMP reads it once, when torch brings it in; its default lets
idle threads spin, so `import gen3d` asks for `passive` unless the user chose (import gen3d before torch).
`NUMBA_CACHE_DIR`: the folder for compiled kernels, beside the code (or in the user's cache, or among temporary files,
where that is read-only) by default; kernels compile once per folder and processor type, in about half a minute.
"""
