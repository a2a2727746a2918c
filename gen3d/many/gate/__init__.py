"""The quality gate: figures of a scene that need no truth, and what is accepted by them."""
