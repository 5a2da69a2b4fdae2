"""Measuring: metrics, hint sets that all methods share, classical baselines, the protocol. Free of torch."""
