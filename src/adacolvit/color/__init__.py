"""Color science: Lab <-> sRGB, gamut, color differences, hex values. For NumPy and torch, without importing torch."""
