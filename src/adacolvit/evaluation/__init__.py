"""Measuring: metrics, hint sets that all methods share, classical baselines, the protocol. Only LPIPS needs torch."""
