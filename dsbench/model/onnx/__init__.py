"""The ONNX file: is it one, what its graph says, inputs beside the image."""
