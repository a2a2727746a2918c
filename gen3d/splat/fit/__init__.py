"""The fit of Gaussians to views (paper 3.3): its loop, its rounds, its loss."""
