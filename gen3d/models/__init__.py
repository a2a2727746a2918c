"""The roles that pretrained networks play, and everything that plays them; the only home of weights."""
