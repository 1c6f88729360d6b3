"""How nvinfer reports that it cannot start: its loggers, its statuses, and the lines that follow each cause."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.embedded import messages

CONFIG_FAILED = "NVDSINFER_CONFIG_FAILED"
CUSTOM_LIB_FAILED = "NVDSINFER_CUSTOM_LIB_FAILED"
RESOURCE_ERROR = "NVDSINFER_RESOURCE_ERROR"


class NvinferStartError(Exception):
    """nvinfer cannot start. All its lines but the one with ``status`` have been printed."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Log:
    """The three loggers of nvinfer. ``quiet`` is set for all workers but the first, so that no line is repeated."""

    uid: int
    quiet: bool = False

    def context(self, level: str, func: str, text: str) -> None:
        """A line of the nvinfer category; ``level`` is ERROR, WARN or INFO."""
        if not self.quiet:
            messages.nvinfer(level, self.uid, func, text)

    def library(self, level: str, text: str) -> None:
        """``ERROR: text`` or ``WARNING: text``."""
        if not self.quiet:
            messages.library(level, text)

    def own(self, text: str) -> None:
        """A line of the embedded runtime's own."""
        if not self.quiet:
            messages.own(text)


def build_failed(log: Log) -> NvinferStartError:
    """The lines after a failed engine build."""
    log.library("ERROR", "failed to build network.")
    log.context("ERROR", "buildModel", "build engine file failed")
    return backend_failed(log)


def backend_failed(log: Log) -> NvinferStartError:
    """The lines after a failed backend."""
    log.context("ERROR", "generateBackendContext", "build backend context failed")
    log.context("ERROR", "initialize", "generate backend failed, check config file settings")
    return NvinferStartError(CONFIG_FAILED)


def preprocessing_failed(problem: str, log: Log) -> NvinferStartError:
    """The lines after ``problem`` in preprocessing."""
    log.context("ERROR", "preparePreprocess", problem)
    log.library("ERROR", f"Infer Context prepare preprocessing resource failed., nvinfer error:{CONFIG_FAILED}")
    return NvinferStartError(CONFIG_FAILED)


def postprocessing_failed(log: Log, status: str) -> NvinferStartError:
    """The lines after a failure in post-processing."""
    log.library("ERROR", f"Infer Context failed to initialize post-processing resource, nvinfer error:{status}")
    log.library("ERROR", f"Infer Context prepare postprocessing resource failed., nvinfer error:{status}")
    return NvinferStartError(status)
