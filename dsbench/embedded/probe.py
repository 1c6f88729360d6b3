"""``python -m dsbench.embedded.probe JOB.json OUT``: the model on random input and real frames (6a)."""

import sys

from dsbench.embedded.probes.model import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
