"""``python -m dsbench.embedded.reference_probe JOB.json OUT``: the model in FP32 on frames of the KITTI dump."""

import sys

from dsbench.embedded.probes.reference import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
