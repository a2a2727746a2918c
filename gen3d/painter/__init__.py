"""The world painter: a sentence becomes a small world, and the world a picture with its depth, by rule, on a processor."""
