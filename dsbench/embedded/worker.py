"""``python -m dsbench.embedded.worker FD PID``: a worker process of dsbench-app."""

import sys

from dsbench.embedded.app.worker import main

if __name__ == "__main__":
    sys.exit(main())
