"""Predict with saved networks, and export them to ONNX."""
