"""Files of weights: which there are, where they lie on the model hub, how they get here and are opened safely."""
