"""Point-interactive photo colorization with an adaptive vision transformer."""

__version__ = "0.1.0"
