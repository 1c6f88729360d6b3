"""Runs a built parser on real tensors, as a child program: ``python -m dsbench.embedded.parser_probe JOB.json OUT``.

Writes OUT.json (a ParserResult), OUT.npz (its raw boxes), and OUT.loaded as soon as the library is loaded. If the
parser crashes, this process ends by its signal and the caller reports it.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dsbench.base import jsonable
from dsbench.base.errors import DsbenchError
from dsbench.embedded import memory
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.embedded.probes.model import failure_of
from dsbench.jobs.probe import ParserJob, ParserResult


def main(argv: Sequence[str]) -> int:
    """Exit status 0 whenever a result was written, failures included."""
    job, out = jsonable.load(ParserJob, Path(argv[0])), Path(argv[1])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a parser in a loop never returns to Python's handler
    memory.limit(memory.PARSER_BYTES)
    try:
        result = run(job, out.with_suffix(".npz"))
    except DsbenchError as error:
        result = ParserResult(failure=failure_of(error))
    jsonable.dump(result, out.with_suffix(".json"))
    return 0


def run(job: ParserJob, out: Path) -> ParserResult:
    """Call the parser once per image; raises ParserHost's errors."""
    host = ParserHost(Path(job.library), job.function)
    out.with_suffix(".loaded").touch()
    thresholds = [job.pre_cluster_threshold] * job.num_classes
    boxes: dict[str, npt.NDArray[np.float32]] = {}
    counts = []
    with np.load(job.tensors, allow_pickle=False) as tensors:
        for call, keys in enumerate(job.keys):
            layers = [
                OutputLayer(name, np.ascontiguousarray(tensors[key]), index + 1)
                for index, (name, key) in enumerate(zip(job.layers, keys, strict=True))
            ]
            found = host.parse(
                layers, (job.width, job.height, job.channels), job.num_classes, thresholds, [0.0] * job.num_classes
            )
            counts.append(-1 if found is None else len(found.class_id))
            if found is not None:
                boxes[f"b{call}"] = found.table()
    np.savez(out, **boxes)  # type: ignore[arg-type]
    return ParserResult(tuple(counts))
