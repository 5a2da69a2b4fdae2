"""Training: recipes, photos, losses, the loop and its checkpoints. Needs the ``[train]`` extra."""
