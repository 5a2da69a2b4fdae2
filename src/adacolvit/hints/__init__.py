"""Hints: what a person asks for, its file, its way into the network's input, and random ones for training."""
