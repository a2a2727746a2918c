"""Geometry without weights or events: points, depth edges, completion, alignment, paths."""
