"""What exporters leave beside or inside the ONNX file. ``evidence`` asks one reader for each kind of source."""
