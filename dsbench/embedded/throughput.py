"""``python -m dsbench.embedded.throughput MODEL.onnx --batch B``: the model alone, printed as trtexec prints it."""

import sys

from dsbench.embedded.bench.throughput import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
