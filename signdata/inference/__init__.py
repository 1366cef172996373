"""What a saved network reads, and its export to ONNX."""
