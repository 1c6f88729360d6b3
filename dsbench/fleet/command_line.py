"""The arguments of ``dsbench fleet COMMAND``. Each command imports what it needs itself, so that --help is fast."""

from __future__ import annotations

import argparse

RUNTIMES = ("deepstream", "embedded")


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
    plan.set_defaults(run=_plan)


def add_planning(parser: argparse.ArgumentParser) -> None:
    """What every command takes that plans: models, and how they are to be run."""
    parser.add_argument("models", metavar="MODEL_DIR", nargs="+", help="model directories; shell globs allowed")
    parser.add_argument("--runtime", choices=RUNTIMES, required=True, help="runtime of all jobs")
    parser.add_argument(
        "--options-file", metavar="FILE.toml", help="pytest's options and needed machines, for all and single models"
    )
    parser.add_argument(
        "--results", metavar="DIR", default="fleet-results", help="gets a directory for each job (default: %(default)s)"
    )
    parser.add_argument("--gpu-kind", metavar="KIND", default="", help="kind of GPU as Ray names it: L4, H100")


def _plan(arguments: argparse.Namespace) -> int:
    from dsbench.fleet import plan_command

    return plan_command.run(arguments)
