"""Our rasterizer for plain processors."""
