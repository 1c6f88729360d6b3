"""``python -m dsbench.embedded.parser_probe JOB.json OUT``: a built parser on real tensors (6d)."""

import sys

from dsbench.embedded.probes.parser import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
