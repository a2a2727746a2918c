"""Things: each function takes a generator and returns the parts of one thing, standing on y = 0, looking along -z."""
