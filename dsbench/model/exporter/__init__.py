"""What exporters leave: ``ultralytics`` reads the ONNX file's metadata, ``hugging_face`` the JSON files next to it."""
