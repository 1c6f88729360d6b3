"""`dsbench inspect` and `dsbench init`: what an ONNX file is, and a model directory for it."""
