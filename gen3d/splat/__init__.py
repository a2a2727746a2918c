"""3D Gaussians: the representation, the rasterizers, the fit. The only home of gsplat."""
