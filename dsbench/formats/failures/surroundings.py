"""Failure texts of what surrounds DeepStream: containers, shells, the build of a parser, crashes."""

from __future__ import annotations

from dsbench.formats.failures.matcher import FailureKind, Row

CAUSES: tuple[Row, ...] = (
    Row(
        "container-gpu",
        r"could not select device driver \"[^\"]*\" with capabilities|nvidia-container-cli: .*error|"
        r"[Uu]nknown or invalid runtime name: nvidia",
        "the container was started without a usable GPU",
        "install the NVIDIA Container Toolkit, run `nvidia-ctk runtime configure --runtime=docker`, restart docker, "
        "and start the container with --gpus all",
    ),
    Row(
        "driver",
        r"Driver/library version mismatch|PTX was compiled with an unsupported toolchain",
        "the NVIDIA driver does not match its libraries, or is older than the CUDA version in use",
        "restart the machine after an update of the driver, or update it",
    ),
    Row(
        "no-command",
        r"(?:^|: |line \d+: )(deepstream-app|gst-launch-1\.0|trtexec|nvcc|make|g\+\+): (?:command )?not found",
        "{1} is not installed, or not on PATH",
        "run it in DeepStream's container, or add its folder to PATH (trtexec: /usr/src/tensorrt/bin); dsbench doctor "
        "shows what is missing",
    ),
    Row(
        "no-module",
        r"ModuleNotFoundError: No module named '([\w.]+)'|ImportError: (lib\S+?): cannot open shared object",
        "Python does not find {1}{2}",
        "install it in the Python that runs the program (pyds: the wheel of deepstream_python_apps for this release)",
    ),
    Row(
        "exec-format",
        r"[Ee]xec format error|wrong ELF class|invalid ELF header",
        "a program or library is of another machine type (x86_64 or aarch64), or is no library at all",
        "build it on this machine",
    ),
    Row(
        "libc-version",
        r"version `(GLIBC(?:XX)?_[\d.]+)' not found",
        "a library was built on a newer distribution: {1} is missing here",
        "build the library on this machine, or in this container",
    ),
    Row(
        "cuda-ver",
        r"CUDA_VER is not set|\"?CUDA_VER\"? (?:is not|not) set",
        "the Makefile needs CUDA_VER",
        "export CUDA_VER=<the CUDA release of this DeepStream, for example 12.8> and run make again",
    ),
    Row(
        "nvparsers",
        r"cannot find -lnvparsers",
        "the Makefile links nvparsers, which TensorRT 10 no longer has",
        "remove -lnvparsers from the Makefile",
    ),
    Row(
        "linker",
        r"cannot find -l(\w+)",
        "the linker does not find the library {1}",
        "install the package that has lib{1}, or add its folder with -L",
    ),
    Row(
        "header",
        r"fatal error: (\S+?): No such file or directory",
        "the compiler does not find the header {1}",
        "check CUDA_VER and the include paths (DeepStream's headers: sources/includes; TensorRT's: the -dev packages)",
    ),
    Row(
        "heap",
        r"double free or corruption|free\(\): invalid|munmap_chunk|corrupted (?:size|double-linked)|malloc\(\): ",
        "the program's memory was overwritten, most often by a parser: it writes behind a buffer, or was built with "
        "the headers of another DeepStream release (NvDsInferObjectDetectionInfo has 28 bytes in 9.1, 24 before)",
        "build the parser again with this release's headers; dsbench parser-check runs it under sanitizers",
    ),
    Row(
        "assertion",
        r"(\w[\w.]*\.(?:cpp|cu|c|h)):\d+: .*Assertion [`'](.*?)' failed",
        "an assertion of {1} failed: {2}",
        "compare what the parser expects (number of outputs, their shapes, number of classes) with the model",
    ),
    Row(
        "yaml",
        r"terminate called after throwing an instance of '(YAML::\w+)|yaml-cpp: error at (line \d+, column \d+.*)",
        "a YAML config cannot be read ({1}{2}): DeepStream aborts",
        "check path and indentation; dsbench lint FILE names the line",
    ),
    Row(
        "display",
        r"[Cc](?:ould not|annot) open (?:X )?display|No EGL Display|Failed to create EGL|nveglglessink.*(?:rror|ailed)",
        "there is no display for the window sink",
        "set the sink to type=1 (fakesink) or type=3 (file), or set DISPLAY to a running X server",
    ),
    Row(
        "rtsp",
        r"Could not open resource for reading and writing|Unauthorized|Failed to connect\. \(Generic error\)|"
        r"Could not connect to server",
        "the RTSP source cannot be opened",
        "check address, user and password (`ffprobe rtsp://...` on the same machine); try select-rtp-protocol=4 (TCP)",
    ),
    Row(
        "tracker",
        r"gstnvtracker: (?:Failed|Unable|Error|Could not)(.*)|Failed to initialize (?:tracker|low level lib)",
        "the tracker does not start",
        "correct ll-lib-file and ll-config-file of [tracker]",
    ),
    Row(
        "source-type",
        r"Source type not yet implemented",
        "[sourceN] has a type that deepstream-app does not know",
        "set type=2 (URI), 3 (several URIs) or 4 (RTSP)",
    ),
    Row(
        "oom-killer",
        r"Out of memory: Killed process|oom-kill|(?:^|\s)Killed$",
        "the program was ended from outside, probably by the OOM killer: check `dmesg`",
        "free main memory, or use fewer streams",
        FailureKind.MEMORY,
    ),
    Row(
        "crash",
        r"Segmentation fault|SIGSEGV|core dumped|Signal 11|signal 11|Caught SIG[A-Z]+",
        "the program crashed",
        "set num-detected-classes to the head's classes, custom-lib-path and parse-bbox-func-name, and a uri in every "
        "[sourceN]: each of them missing crashes DeepStream; dsbench parser-check runs the parser under sanitizers",
        consequence=True,
    ),
    Row(
        "exception",
        r"terminate called after throwing an instance of '([^']*)'",
        "an exception ended the program ({1})",
        "read the line what() behind it",
        consequence=True,
    ),
)
