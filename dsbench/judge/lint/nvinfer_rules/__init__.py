"""The lint's rows about nvinfer configs, one module per part of nvinfer."""
