"""The arguments of ``dsbench fleet COMMAND``. Each command imports what it needs itself, so that --help is fast."""

from __future__ import annotations

import argparse

from dsbench.fleet.job import RUNTIMES
from dsbench.fleet.recipes import settings
from dsbench.fleet.result import DEFAULT_FOLDER


def add_commands(fleet: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of ``dsbench fleet``."""
    commands = fleet.add_subparsers(title="commands", metavar="COMMAND", required=True)
    plan = commands.add_parser("plan", help="print a job for each model directory, as JSON lines")
    add_planning(plan)
    plan.add_argument(
        "--missing-from",
        metavar="DIR",
        action="append",
        default=[],
        help="leave out jobs that have a result in DIR, with equal hashes of all inputs; repeatable",
    )
    plan.add_argument("-o", "--output", metavar="PLAN.jsonl", help="write the plan to a file (default: print it)")
    settings.add_arguments(plan)
    plan.set_defaults(run=_plan)
    _add_job(commands.add_parser("job", help="run one job of a plan on this machine: for array tasks of any engine"))
    _add_merge(commands)
    _add_run(commands.add_parser("run", help="plan, run the jobs on a Ray cluster, and merge their results"))


def _add_merge(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    merge = commands.add_parser("merge", help="make one page, one junit.xml and one fleet.json of what came back")
    merge.add_argument(
        "results", metavar="RESULT_DIR", nargs="+", help="results of jobs, folders of them, model directories, records"
    )
    merge.add_argument("-o", "--output", metavar="DIR", required=True, help="gets index.html, junit.xml, fleet.json")
    merge.add_argument("--plan", metavar="PLAN.jsonl", help="merge its jobs only; one without a result is INVALID")
    merge.set_defaults(run=_merge)


def add_planning(parser: argparse.ArgumentParser, *, may_be_planned: bool = False) -> None:
    """What every command takes that plans: models, and how they are to be run. ``may_be_planned``: the command takes a
    plan in their place."""
    models = "*" if may_be_planned else "+"
    parser.add_argument("models", metavar="MODEL_DIR", nargs=models, help="model directories; shell globs allowed")
    parser.add_argument("--runtime", choices=RUNTIMES, required=not may_be_planned, help="runtime of all jobs")
    parser.add_argument(
        "--options-file", metavar="FILE.toml", help="pytest's options and needed machines, for all and single models"
    )
    parser.add_argument("--results", metavar="DIR", help=f"gets a directory for each job (default: {DEFAULT_FOLDER})")
    parser.add_argument(
        "--store",
        metavar="URI",
        help="write all inputs to an object store (s3://...) or a folder, from which jobs read",
    )
    parser.add_argument(
        "--gpu-kind", "--accelerator-type", metavar="KIND", default="", help="kind of GPU as Ray names it: L4, H100"
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    add_planning(parser, may_be_planned=True)
    parser.add_argument("--plan", metavar="PLAN.jsonl", help="run this plan; with no MODEL_DIR")
    parser.add_argument(
        "--address",
        metavar="ADDRESS",
        default="auto",
        help="auto: the cluster of this machine or $RAY_ADDRESS; local: start one here; HOST:PORT; ray://HOST:PORT",
    )
    parser.add_argument(
        "--label-selector",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="take only nodes with this label, in Ray's syntax; repeatable",
    )
    parser.add_argument(
        "--retries", metavar="N", type=int, default=2, help="of a job that could not be run (default: %(default)s)"
    )
    parser.add_argument(
        "--wait",
        metavar="S",
        type=float,
        default=60.0,
        help="seconds to wait for a node that can run a job (default: %(default)g)",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="fleet", help="gets index.html, junit.xml, fleet.json (%(default)s)"
    )
    parser.set_defaults(run=_run)


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", metavar="PLAN.jsonl", help="what `dsbench fleet plan` wrote; - reads standard input")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--id", metavar="ID", help="the job with this id")
    which.add_argument("--number", metavar="N", type=int, help="the job on this line of the plan, from 0")
    parser.add_argument("--results", metavar="DIR", help="write to DIR/ID (default: where the plan says)")
    parser.add_argument("--again", action="store_true", help="run it although its result is there with equal hashes")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=int,
        default=0,
        help="end pytest after S seconds, and the job is INVALID (default: no limit; each step has its own)",
    )
    parser.set_defaults(run=_job)


def _plan(arguments: argparse.Namespace) -> int:
    from dsbench.fleet import plan_command

    return plan_command.run(arguments)


def _merge(arguments: argparse.Namespace) -> int:
    from dsbench.fleet import merge_command

    return merge_command.run(arguments)


def _job(arguments: argparse.Namespace) -> int:
    from dsbench.fleet import job_command

    return job_command.run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from dsbench.fleet import run_command

    return run_command.run(arguments)
