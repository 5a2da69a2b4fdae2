"""Color science: Lab <-> sRGB, the gamut, color differences, hex values. NumPy and torch alike; imports neither server nor torch."""
