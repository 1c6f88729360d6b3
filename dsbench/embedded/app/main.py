"""dsbench-app: deepstream-app on the CPU, with the same command line, configurations, files and console lines."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from pathlib import Path

import dsbench
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.app import command_line
from dsbench.embedded.app.command_line import CommandLine
from dsbench.embedded.app.main_loop import MainLoop, Perf
from dsbench.embedded.app.perf import HeaderCounter, PerfReporter
from dsbench.embedded.app.plan import Instance, PlanError, check, load_nvinfer, name_unsupported, worker_jobs
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.messages import BusMessage
from dsbench.formats.app import config as app_config
from dsbench.formats.app.config import AppConfig

OK, FAILED, ABORTED = 0, 255, 134
_STDERR = 2
_MAX_INSTANCES = 128
_ENDLESS_PERIOD_S = 1.0


def main(argv: list[str] | None = None) -> int:
    """Run the app on ``argv`` (default: the process's arguments). Returns 0, 255, or 134 for a YAML config that would
    abort deepstream-app.

    If a worker crashes, this process ends by the same signal.
    """
    _complete_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # as any C program: paths are bytes, whatever the locale says
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    if argv is None:
        # as for any C program, a closed pipe ends it
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        options = command_line.parse(sys.argv[1:] if argv is None else argv)
    except command_line.OptionError as error:
        messages.app_error("main:599", str(error))
        return FAILED
    if options.action:
        _inform(options.action)
        return OK
    try:
        return _run(options)
    except DsbenchError as error:
        if error.code is not Code.CONFIG_ABORTED:
            raise
        messages.err(error.what)
        messages.own(f"{error.where}" + (f": {error.fix}" if error.fix else ""))
        return ABORTED
    except KeyboardInterrupt:  # before the main loop, which has a handler of its own
        messages.app_error("_intr_handler:136", "User Interrupted.. \n")
        return _quit(ok=True)


def _complete_descriptors() -> None:
    """Open those of stdin, stdout and stderr that the caller closed: a socket must not get their numbers."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w", closefd=False)


def _inform(action: str) -> None:
    if action == "help":
        messages.out(command_line.HELP)
        return
    messages.out(f"dsbench-app version {dsbench.__version__} (embedded runtime, not DeepStream)")
    if action == "version-all":
        import importlib.metadata

        for name in ("onnxruntime", "av", "numpy"):
            messages.out(f"{name} {importlib.metadata.version(name)}")


def _run(options: CommandLine) -> int:
    begun = time.monotonic()
    if not options.cfg_files:
        messages.app_error("main:648", "Specify config file with -c option")
        return _quit(ok=False)
    if len(options.cfg_files) > _MAX_INSTANCES:
        messages.app_error("main:653", f"Instances should be less than {_MAX_INSTANCES}")
        return _quit(ok=False)
    configs = _load_configs(options)
    if configs is None:
        return _quit(ok=False)
    try:
        instances = _instances(configs)
        if options.tensor_dir is not None:
            options.tensor_dir.mkdir(parents=True, exist_ok=True)
    except PlanError as error:
        if error.to_paused:
            messages.app_error("main:808", "Failed to set pipeline to PAUSED")
        else:
            messages.app_error("main:701", "Failed to create pipeline")
        return _quit(ok=False, bus=error.bus)
    except OSError as error:
        messages.own(f"--dump-input-tensor: {error}")
        return _quit(ok=False)
    return _play(instances, options, begun)


def _load_configs(options: CommandLine) -> list[AppConfig] | None:
    """Read every ``-c`` file. If one cannot be read, prints deepstream-app's message and returns None."""
    configs: list[AppConfig] = []
    seen_sources: set[int] = set()
    for number, name in enumerate(options.cfg_files):
        path = Path(name)
        if not name.endswith((".txt", ".yml", ".yaml")):
            messages.own(f"{name} is not read: deepstream-app reads .txt and .yml by their suffix only")
            configs.append(AppConfig(path))
            continue
        try:
            config = app_config.load(path, console=messages.out, seen_sources=seen_sources)
        except DsbenchError as error:
            if error.code is Code.CONFIG_ABORTED:
                raise
            line = 691 if name.endswith(".txt") else 685
            messages.app_error(f"main:{line}", f"Failed to parse config file '{name}'")
            messages.own(f"{error.what} ({error.where})" + (f"; {error.fix}" if error.fix else ""))
            return None
        uri = options.input_uris[number] if number < len(options.input_uris) else None
        configs.append(_with_uri(config, uri))
    return configs


def _with_uri(config: AppConfig, uri: str | None) -> AppConfig:
    """``-i``: the first source's uri. The uri in the file has priority."""
    from dataclasses import replace

    if uri is None or not config.sources or config.sources[0].uri:
        return config
    return replace(config, sources=(replace(config.sources[0], uri=uri), *config.sources[1:]))


def _instances(configs: list[AppConfig]) -> list[Instance]:
    instances: list[Instance] = []
    first_counter = 0
    for number, config in enumerate(configs):
        instance = Instance(number, config, load_nvinfer(config), first_counter)
        name_unsupported(instance)
        check(instance)
        instances.append(instance)
        first_counter += instance.streams
    return instances


def _play(instances: list[Instance], options: CommandLine, begun: float) -> int:
    state = SharedState.create(sum(instance.streams for instance in instances))
    cpus = max(1, usable_cpus() // len(instances))
    jobs = tuple(job for each in instances for job in worker_jobs(each, state, cpus, options.tensor_dir))
    tiler = any(instance.config.tiled_display.enable for instance in instances)
    outcome = MainLoop(jobs, state, _perf(instances, state, begun), tiler=tiler).run()
    if outcome.to_paused:
        messages.app_error("main:808", "Failed to set pipeline to PAUSED")
    return _quit(ok=outcome.ok, bus=outcome.bus)


def _perf(instances: list[Instance], state: SharedState, begun: float) -> list[Perf]:
    header = HeaderCounter()
    timers: list[Perf] = []
    for instance in instances:
        application = instance.config.application
        if not application.enable_perf_measurement:
            continue
        interval = max(0, application.perf_measurement_interval_sec)
        if interval == 0:
            messages.own("perf-measurement-interval-sec is missing: deepstream-app would report without pause")
        counters = range(instance.first_counter, instance.first_counter + instance.streams)
        number = instance.number if len(instances) > 1 else None
        period = float(interval) or _ENDLESS_PERIOD_S
        timers.append(Perf(PerfReporter(state, counters, interval, header, number), period, begun + period))
    return timers


def _quit(*, ok: bool, bus: tuple[BusMessage, ...] = ()) -> int:
    messages.out("Quitting")
    for message in bus:
        messages.bus_error(message)
    messages.out("App run successful" if ok else "App run failed")
    return OK if ok else FAILED


def run() -> None:
    """``python -m dsbench.embedded.app``: flushes the output and ends without Python's teardown."""
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
