"""Inference without torch: an ONNX graph made from the weights, the engine that runs it, and the way to full size."""
