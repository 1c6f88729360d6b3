"""``dsbench fleet run``: plan, run the jobs on a Ray cluster, merge what there is.

Ray ends a process whose cluster is lost, with status 1. So a child process talks to Ray, and this one merges the
results and has the right exit status whatever happened.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dsbench.base import process
from dsbench.base.console import print_outcome
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import printable
from dsbench.fleet import (
    collecting,
    job,
    merge,
    merge_command,
    missing,
    plan_command,
    plan_file,
    ray_endings,
    ray_session,
)
from dsbench.fleet.job import FleetJob
from dsbench.fleet.live_table import LiveTable
from dsbench.fleet.notes import say
from dsbench.fleet.ray_driver import RayDriver, RaySettings
from dsbench.fleet.result import INVALID_STATUS
from dsbench.fleet.status import INTERRUPTED_STATUS
from dsbench.fleet.store import ObjectStore

_DONE, _NO_CLUSTER, _STOPPED = 0, 3, 70
"""Statuses of the child: every job ended, or the user stopped them; nothing was run; an error that it printed."""
_RAY_LOG = "ray.log"
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MOST_INTERRUPTS = 3


def run(arguments: argparse.Namespace) -> int:
    """Returns 0, 1 or 3 as ``dsbench fleet merge``, 130 after Ctrl-C. Raises USAGE."""
    how = _settings(arguments)
    ray_session.check_address(arguments.address)
    jobs = _jobs(arguments)
    results = sorted({Path(one.results).parent for one in jobs})
    output = Path.cwd() / os.path.expanduser(arguments.output)
    left = missing.without_results(jobs, results, say)
    for one in left:
        collecting.require_replaceable(Path(one.results))
    if arguments.store and left:
        left = ObjectStore(arguments.store).with_files(left, say)
    ended, interrupted = _DONE, False
    if left:
        ended, interrupted = _in_child(lambda: _drive(left, how, arguments.address, output / _RAY_LOG))
    if ended == _NO_CLUSTER:
        return INVALID_STATUS
    if ended not in (_DONE, _STOPPED) and not interrupted:
        say(f"the connection to the Ray cluster is lost: {output / _RAY_LOG}")
    merged = merge.merge(results, output, jobs)
    print_outcome(map(printable, merge_command.summary(merged)))
    return INTERRUPTED_STATUS if interrupted else merged.exit_status


def _jobs(arguments: argparse.Namespace) -> list[FleetJob]:
    """Planned now, or by a plan; ``--results`` moves the results of a plan. Raises USAGE."""
    if bool(arguments.models) is bool(arguments.plan):
        raise DsbenchError(Code.USAGE, "model directories or a plan are needed", fix="give MODEL_DIR..., or --plan")
    if not arguments.plan and arguments.runtime is None:
        raise DsbenchError(Code.USAGE, "no runtime is given", fix="give --runtime deepstream or embedded")
    if not arguments.plan:
        return plan_command.planned(arguments)
    if arguments.runtime or arguments.options_file or arguments.gpu_kind or arguments.store:
        what = "a plan has its runtime, options, store and kind of GPU already"
        raise DsbenchError(Code.USAGE, what, fix="give those to `dsbench fleet plan`")
    with plan_file.jobs(arguments.plan) as read:
        planned = list(read)
    for one in planned:
        job.require_unchanged(one)
    if arguments.results is None:
        return planned
    folder = Path.cwd() / os.path.expanduser(arguments.results)
    return [replace(one, results=str(folder / one.id)) for one in planned]


def _settings(arguments: argparse.Namespace) -> RaySettings:
    """Raises USAGE."""
    labels = tuple((key, value) for text in arguments.label_selector for key, _, value in [text.partition("=")])
    if not all(key and value for key, value in labels):
        raise DsbenchError(Code.USAGE, "--label-selector has no KEY=VALUE", fix="write --label-selector zone=eu-west")
    if arguments.retries < 0 or not 0 <= arguments.wait < float("inf"):
        raise DsbenchError(Code.USAGE, "--retries and --wait are at least 0", fix="give a number from 0")
    return RaySettings(labels, arguments.retries, arguments.wait)


def _drive(jobs: Sequence[FleetJob], how: RaySettings, address: str, log: Path) -> None:
    """The child: Raises CLUSTER_UNAVAILABLE if there is no cluster."""
    with ray_session.connected(address, log) as stream, _counted_interrupts() as interrupts:
        RayDriver(jobs, how, lambda rows: LiveTable(stream, rows), interrupts).drive()


@contextmanager
def _counted_interrupts() -> Iterator[Callable[[], int]]:
    """SIGINT only counts: the driver stops between two requests."""
    count = 0

    def note(_: int, __: object) -> None:
        nonlocal count
        count += 1

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: count
    finally:
        signal.signal(signal.SIGINT, before)


def _in_child(work: Callable[[], None]) -> tuple[int, bool]:
    """Run it in a fork of this process; returns how that ended, and whether the user stopped it.

    The child leads a process group, so that Ctrl-C reaches it once, from here. It ends with this process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        os._exit(_child(work))
    sent = 0

    def passed_on(_: int, __: object) -> None:
        nonlocal sent
        sent += 1
        os.kill(child, signal.SIGINT if sent < _MOST_INTERRUPTS else signal.SIGKILL)

    before = {number: signal.signal(number, passed_on) for number in _ENDING_SIGNALS}
    try:
        _, ended = os.waitpid(child, 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return os.waitstatus_to_exitcode(ended), sent > 0


def _child(work: Callable[[], None]) -> int:
    os.setpgid(0, 0)
    process.end_with_parent()
    for number in _ENDING_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        work()
        return _DONE
    except KeyboardInterrupt:
        return INTERRUPTED_STATUS
    except DsbenchError as error:
        print(error.render(), file=sys.stderr)
        return _NO_CLUSTER if error.code is Code.CLUSTER_UNAVAILABLE else _STOPPED
    except Exception as error:
        say(ray_endings.sentence(error, ""))
        return _STOPPED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
