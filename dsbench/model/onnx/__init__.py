"""The ONNX file: its validity, the facts of its graph, its extra inputs."""
