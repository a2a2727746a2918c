"""Our rasterizer for CUDA cards in Triton, which needs no compiler but its own: see `triton_kernels.py` for the map."""
