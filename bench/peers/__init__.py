"""Scenes beside each other on the same truth: warps, ours, and what anybody else made of the photos (README.md)."""
