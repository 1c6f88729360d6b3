"""From facts to files: parser source, Makefile, shared library, nvinfer and app configs."""
