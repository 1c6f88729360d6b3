"""What exporters leave in or beside the ONNX file: metadata, configs, processor files."""
