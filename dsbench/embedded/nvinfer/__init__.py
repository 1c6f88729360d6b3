"""The nvinfer element: preprocessing, inference, parser, clustering, mapping."""
