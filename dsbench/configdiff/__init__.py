"""``dsbench diff``: two nvinfer configs on the same frames, and which boxes differ."""
