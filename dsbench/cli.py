"""The command ``dsbench``. Each command imports what it needs itself, so that --help is fast."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dsbench import __version__
from dsbench.base import interrupts, options
from dsbench.base.console import console_streams, open_closed_streams
from dsbench.base.errors import DsbenchError
from dsbench.base.option import add_argument
from dsbench.base.os_errors import system_errors
from dsbench.trtexec import options as prepare_options

FLEET = "fleet"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a DsbenchError is printed without a traceback and gives status 1, for a fleet command 3 or 4."""
    open_closed_streams()
    restore = interrupts.install()
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run_fleet(words) if words[:1] == [FLEET] else _run(words)
    except DsbenchError as error:
        _print_error(error)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # the reader of a pipe (`| head`) is gone; nothing is left to say, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    finally:
        restore()


def _run_fleet(argv: Sequence[str]) -> int:
    """Status 1 says that a model failed: errors of the command itself get others."""
    from dsbench.fleet import status

    try:
        return _run(argv, crashed=status.CRASHED_STATUS)
    except DsbenchError as error:
        _print_error(error)
        return status.of_error(error.code)
    except SystemExit as end:  # of argparse, which printed what is wrong
        return status.USAGE_STATUS if end.code == 2 else int(end.code or 0)


def _print_error(error: DsbenchError) -> None:
    with console_streams():
        print(error.render(), file=sys.stderr)


def _run(argv: Sequence[str], crashed: int = 1) -> int:
    """``crashed``: status after an exception that nobody expected."""
    with console_streams(), system_errors():
        arguments = _parser().parse_args(argv)
        if arguments.run is not _ci:
            with _shown_traceback():
                return int(arguments.run(arguments))
            return crashed
    with system_errors():
        return int(_ci(arguments))  # it gives commands to the CI runner, and pytest writes to the terminal


@contextmanager
def _shown_traceback() -> Iterator[None]:
    """Print the traceback of an unexpected exception here: Python's own way does not pass the ``console`` streams."""
    try:
        yield
    except (DsbenchError, OSError):
        raise
    except Exception:
        traceback.print_exc()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dsbench",
        description="Tools around `pytest --model-dir models/<model_name>`, which runs the validation itself.",
    )
    parser.add_argument("--version", action="version", version=f"dsbench {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    sdk = commands.add_parser("sdk", help="print the folder to give to a parser's Makefile as DEEPSTREAM_DIR")
    sdk.set_defaults(run=_sdk)
    check = commands.add_parser(
        "parser-check", help="run a model's parser under sanitizers, on real and on broken tensors"
    )
    check.add_argument("model_dir", metavar="MODEL_DIR")
    add_argument(check.add_argument, options.VIDEO)
    check.set_defaults(run=_parser_check)
    _add_inspect(commands)
    _add_advice(commands)
    _add_fix(commands)
    _add_prepare(commands)
    _add_doctor(commands)
    _add_handover(commands)
    _add_selftest(commands)
    _add_ci(commands)
    _add_verify(commands)
    _add_comparison(commands)
    _add_fleet(commands)
    return parser


def _add_inspect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    inspect = commands.add_parser(
        "inspect", help="show what an ONNX file is: inputs, outputs, family, preprocessing, what is wrong with it"
    )
    inspect.add_argument("file", metavar="FILE.onnx")
    add_argument(inspect.add_argument, options.VIDEO)
    inspect.add_argument("--json", action="store_true", help="print JSON")
    inspect.add_argument(
        "--picture",
        metavar="FILE.jpg",
        help="with --video: where nobody states the preprocessing, draw the possibilities side by side",
    )
    inspect.set_defaults(run=_inspect)
    init = commands.add_parser("init", help="lay a model directory out for an ONNX file (docs/init.md)")
    init.add_argument("directory", metavar="DIR", help="a directory that does not exist yet: models/<model_name>")
    init.add_argument("--onnx", required=True, metavar="FILE", help="the exported detector")
    init.add_argument(
        "--labels", metavar="FILE|coco80|coco91", help="class names (default: what the exporter wrote down, else none)"
    )
    add_argument(init.add_argument, options.VIDEO)
    init.set_defaults(run=_init)


def _add_advice(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    lint = commands.add_parser("lint", help="check nvinfer and deepstream-app configs (docs/lint.md)")
    lint.add_argument("files", metavar="FILE", nargs="+", help="config files, .txt or .yml; other files are skipped")
    lint.add_argument("--no-notes", action="store_true", help="show errors and warnings only")
    lint.add_argument("--json", action="store_true", help="print JSON")
    lint.set_defaults(run=_lint)
    explain = commands.add_parser("explain", help="name the causes in a log of DeepStream, GStreamer or trtexec")
    explain.add_argument(
        "log", metavar="LOG", nargs="?", default="-", help="the console's text (default: stdin); a part of it is enough"
    )
    explain.add_argument("--json", action="store_true", help="print JSON")
    explain.set_defaults(run=_explain)


def _add_fix(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fix = commands.add_parser(
        "fix", help="show the change that fixes a model directory, measured on a copy (docs/fix.md)"
    )
    fix.add_argument("model_dir", metavar="MODEL_DIR")
    add_argument(fix.add_argument, options.VIDEO)
    fix.add_argument("--apply", action="store_true", help="write the change, with a backup of each of your files")
    fix.add_argument("--json", action="store_true", help="print JSON: problems, changes, figures before and after")
    fix.set_defaults(run=_fix)
    diff = commands.add_parser("diff", help="two nvinfer configs on the same frames: which boxes differ (docs/diff.md)")
    diff.add_argument("config_a", metavar="CONFIG_A", help="an nvinfer config, or a model directory that has one")
    diff.add_argument("config_b", metavar="CONFIG_B")
    diff.add_argument("--model-dir", metavar="DIR", help="whose video is played and whose files are used")
    add_argument(diff.add_argument, options.VIDEO)
    diff.add_argument("--frames", type=int, metavar="N", help="frames to compare; 0: the whole video (default: 100)")
    diff.add_argument("-o", "--output", metavar="FILE.html", help="write a page with the frames that differ most")
    diff.set_defaults(run=_diff)


def _add_prepare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    prepare = commands.add_parser(
        "prepare", help="Steps 4-5 with trtexec: build the TensorRT engine and measure it (docs/prepare.md)"
    )
    prepare.add_argument("model_dir", metavar="MODEL_DIR")
    prepare.add_argument("--print", action="store_true", help="print the commands and run nothing; needs no GPU")
    prepare.add_argument(
        "--rebuild", action="store_true", help="build again; an engine that dsbench did not build moves to previous/"
    )
    for option in prepare_options.OPTIONS:
        add_argument(prepare.add_argument, option)
    prepare.set_defaults(run=_prepare)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor", help="show what this machine has, what is missing, and the commands that fix it"
    )
    doctor.add_argument(
        "--runtime",
        choices=options.RUNTIME_CHOICE.allowed,
        default=options.RUNTIME.default,
        help=("runtime that must be ready for exit status 0; auto: the embedded one"),
    )
    add_argument(doctor.add_argument, options.GPU_ID)
    add_argument(doctor.add_argument, options.VIDEO)
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=_doctor)


def _add_handover(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser("report", help="write Step 8's report from the record of a run (docs/step8.md)")
    report.add_argument("model_dir", metavar="MODEL_DIR", help="the model directory, or its benchmark_data.json")
    report.add_argument("--pdf", action="store_true", help="fail if the PDF cannot be written")
    report.set_defaults(run=_report)
    export = commands.add_parser("export", help="a run's detections as COCO JSON, a model card (docs/step8.md)")
    export.add_argument("model_dir", metavar="MODEL_DIR", help="the model directory, or its benchmark_data.json")
    export.add_argument("--coco", metavar="OUT.json", help="write the KITTI dump as COCO results, and OUT_images.json")
    export.add_argument("--frames", metavar="DIR", help="with --coco: write the clip's frames as JPEG files")
    export.add_argument("--bmf", metavar="OUT.json", help="write the measures in Bencher Metric Format")
    export.add_argument(
        "--model-card", metavar="FILE.md", nargs="?", const="", help="write a model card (default: in reports/)"
    )
    export.set_defaults(run=_export)


def _add_selftest(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    selftest = commands.add_parser(
        "selftest", help="put known faults into healthy models: are they found, and named? (docs/selftest.md)"
    )
    selftest.add_argument("--family", action="append", metavar="NAME", help="repeatable (default: all)")
    selftest.add_argument("--fault", action="append", metavar="ID", help="repeatable; `config-*`: all that begin so")
    selftest.add_argument(
        "--jobs", type=int, metavar="N", help="faults at a time (default: one for each core, at most 8)"
    )
    selftest.add_argument("--list", action="store_true", help="print the faults and run nothing")
    selftest.add_argument("--json", action="store_true", help="print JSON, with every alarm of every fault")
    selftest.add_argument("--docs", metavar="FILE.md", help="write the matrix as a page")
    selftest.set_defaults(run=_selftest)


def _add_ci(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from dsbench.ci.inputs import INPUTS

    ci = commands.add_parser(
        "ci", help="the run of a CI job: pytest on the models that are given or changed (docs/ci.md)"
    )
    for one in INPUTS:
        ci.add_argument(f"--{one.name}", metavar="TEXT", help=f"{one.help} (default: ${one.variable})")
    ci.set_defaults(run=_ci)


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = commands.add_parser(
        "verify", help="check a run record: does every number and verdict follow from its raw data? (docs/record.md)"
    )
    verify.add_argument("record", metavar="RECORD", help="reports/benchmark_data.json, or the model directory")
    verify.add_argument(
        "--model-dir", metavar="DIR", help="compare files, logs and dump too, and derive the boxes again on the CPU"
    )
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)


def _add_comparison(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser(
        "compare", help="is run B slower or less accurate than run A? Status 1 if it is (docs/baselines.md)"
    )
    compare.add_argument("a", metavar="A", help="a record or a model directory: the earlier run")
    compare.add_argument("b", metavar="B")
    add_argument(compare.add_argument, options.MAX_REGRESSION)
    compare.add_argument("--json", action="store_true", help="print JSON")
    compare.set_defaults(run=_compare)
    index = commands.add_parser("index", help="one page that compares many runs: models, streams, accuracy, verdict")
    index.add_argument("given", metavar="DIR", nargs="+", help="model directories, folders of them, or records")
    index.add_argument("-o", "--output", metavar="FILE.html", default="reports/index.html", help="default: %(default)s")
    index.set_defaults(run=_index)


def _add_fleet(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from dsbench.fleet import command_line

    command_line.add_commands(commands.add_parser(FLEET, help="many models on many machines (docs/fleet.md)"))


def _sdk(_: argparse.Namespace) -> int:
    from dsbench.runtimes.embedded import EmbeddedRuntime

    print(EmbeddedRuntime().deepstream_dir)
    return 0


def _parser_check(arguments: argparse.Namespace) -> int:
    from dsbench.steps import parser_check

    return parser_check.command(arguments.model_dir, arguments.video)


def _inspect(arguments: argparse.Namespace) -> int:
    from dsbench.inspection import inspect_command

    return inspect_command.run(arguments)


def _init(arguments: argparse.Namespace) -> int:
    from dsbench.inspection import init_command

    return init_command.run(arguments)


def _lint(arguments: argparse.Namespace) -> int:
    from dsbench.advice import lint_command

    return lint_command.run(arguments)


def _explain(arguments: argparse.Namespace) -> int:
    from dsbench.advice import explain_command

    return explain_command.run(arguments)


def _fix(arguments: argparse.Namespace) -> int:
    from dsbench.repair import command as fix_command

    return fix_command.run(arguments)


def _diff(arguments: argparse.Namespace) -> int:
    from dsbench.configdiff import command as diff_command

    return diff_command.run(arguments)


def _prepare(arguments: argparse.Namespace) -> int:
    from dsbench.trtexec import command as prepare_command

    return prepare_command.run(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from dsbench.doctor import command as doctor_command

    return doctor_command.run(arguments)


def _report(arguments: argparse.Namespace) -> int:
    from dsbench.handover import report_command

    return report_command.run(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from dsbench.handover import export_command

    return export_command.run(arguments)


def _selftest(arguments: argparse.Namespace) -> int:
    from dsbench.selftest import command

    return command.run(arguments)


def _ci(arguments: argparse.Namespace) -> int:
    from dsbench.ci import command

    return command.run(arguments)


def _verify(arguments: argparse.Namespace) -> int:
    from dsbench.verify import command

    return command.run(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    from dsbench.comparison import compare_command

    return compare_command.run(arguments)


def _index(arguments: argparse.Namespace) -> int:
    from dsbench.comparison import index_command

    return index_command.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
