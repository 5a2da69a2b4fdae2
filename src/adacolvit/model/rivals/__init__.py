"""The networks AdaColViT is compared with, each written from its paper. ``config`` needs no torch; the rest does."""
