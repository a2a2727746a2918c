"""What is made of a finished scene: other formats, meshes, a data set, lighter twins, views to open elsewhere."""
