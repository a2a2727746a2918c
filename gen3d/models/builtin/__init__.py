"""Players that need no download: what the engine "builtin" is made of."""
