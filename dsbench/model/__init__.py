"""A model directory: where its files lie, what its user decided, what its ONNX file says."""
