"""Trained weights: which are here, whether they are intact, and how new ones are added."""

from .store import ModelInfo, Weights, list_models, load_weights, write_weights

__all__ = ["ModelInfo", "Weights", "list_models", "load_weights", "write_weights"]
