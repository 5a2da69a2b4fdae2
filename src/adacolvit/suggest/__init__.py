"""What to do next: places worth a hint, and colors worth trying at a place; both from what the network does."""

from .colors import Suggestion, suggest_colors
from .places import Place, suggest_places

__all__ = ["Place", "Suggestion", "suggest_colors", "suggest_places"]
