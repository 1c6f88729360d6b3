"""A program in trtexec's place: takes the flags that trtexec takes, refuses others, and prints what trtexec prints.

What it does is set by variables: FAKE_QPS (JSON: batch -> queries per second), FAKE_BUILD and FAKE_RUN (Python, run in
place of a build or a measurement; ``batch`` is known to it, and falling through goes on as usual).
"""

from __future__ import annotations

import sys
from pathlib import Path

_CODE = r"""
import json, os, re, signal, sys, time
VERSION = os.environ.get("FAKE_TENSORRT", "101303")
line = "[TensorRT v%s] [b9] # %s" % (VERSION, " ".join(sys.argv))
stamp = "[11/20/2026-10:00:00] "
out = lambda text: print(stamp + text, flush=True)

def fail(*errors):
    for error in errors:
        out("[E] " + error)
    print("&&&& FAILED TensorRT.trtexec " + line, flush=True)
    sys.exit(1)

print("&&&& RUNNING TensorRT.trtexec " + line, flush=True)
if sys.argv[1:] == ["--help"]:
    sys.exit(0)
flags, options = set(), {}
for word in sys.argv[1:]:
    name, equals, value = word.partition("=")
    if equals: options[name] = value
    else: flags.add(name)
known = {"--onnx", "--minShapes", "--optShapes", "--maxShapes", "--memPoolSize", "--timingCacheFile", "--saveEngine",
         "--loadEngine", "--shapes", "--duration", "--warmUp", "--device"}
known_flags = {"--fp16", "--skipInference", "--noDataTransfers"}
if int(VERSION) >= 110000: known_flags.discard("--fp16")
for word in sorted((set(options) - known) | (flags - known_flags)):
    print("=== Model Options ===\n  --stronglyTyped     Create a strongly typed network, Myelin")
    fail("Unknown option: %s %s" % (word, options.get(word, "")))
dims = lambda spec: [int(n) for n in spec.rpartition(":")[2].split("x")]
name = lambda spec: spec.rpartition(":")[0].strip("'")
out("[I] Device: " + options.get("--device", "0"))
out("[I] Selected Device: " + os.environ.get("FAKE_GPU", "NVIDIA H100 80GB HBM3"))
out("[I] Compute Capability: " + os.environ.get("FAKE_CAPABILITY", "9.0"))
number = int(VERSION)
out("[I] TensorRT version: %d.%d.%d" % (number // 10000, number // 100 % 100, number % 100))
if "--onnx" in options:
    if not re.fullmatch(r"workspace:\d+M", options["--memPoolSize"]): fail("wrong --memPoolSize")
    if "--skipInference" not in flags: fail("a build that runs inference")
    shapes = [options.get(key) for key in ("--minShapes", "--optShapes", "--maxShapes")]
    batch = dims(shapes[2])[0] if shapes[2] else 0
    if any(shapes) and (not all(shapes) or shapes[1] != shapes[2] or dims(shapes[0])[0] != 1): fail("wrong shapes")
    out("[I] Memory Pools: workspace: %s MiB" % options["--memPoolSize"][10:-1])
    if not os.path.isfile(options["--onnx"]):
        fail("Error[3]: In node -1: INVALID_VALUE: Input file cannot be found", "Failed to parse onnx file")
    exec(os.environ.get("FAKE_BUILD", ""))
    with open(options["--saveEngine"], "w") as file:
        json.dump({"batch": batch, "fp16": "--fp16" in flags, "shape": shapes[2], "pad": "x" * 3000}, file)
    open(options["--timingCacheFile"], "a").close()
    out("[I] Engine built in 1.5 sec.")
elif "--loadEngine" in options:
    if "--noDataTransfers" not in flags or options["--duration"] != "10": fail("not as Step 5 measures")
    try:
        engine = json.load(open(options["--loadEngine"]))
    except (OSError, ValueError):
        fail("Error opening engine file: " + options["--loadEngine"])
    batch = dims(options["--shapes"])[0] if "--shapes" in options else 0
    if batch > engine["batch"]:
        fail("Error[3]: setInputShape: Static dimension mismatch while setting input shape.", "Inference set up failed")
    exec(os.environ.get("FAKE_RUN", ""))
    if batch:
        spec = options["--shapes"]
        shape = (name(spec), spec.rpartition(":")[2])
        out("[I] Input binding for %s with dimensions %s and type fp32 is created." % shape)
    qps = json.loads(os.environ.get("FAKE_QPS", "{}")).get(str(batch), 10.0)
    out("[I] Data transfers: Disabled")
    out("[I] === Performance summary ===")
    out("[I] Throughput: %s qps" % qps)
    out("[I] GPU Compute Time: min = 1 ms, max = 3 ms, mean = 2 ms, median = 2 ms, percentile(99%) = 2.9 ms")
else:
    fail("Model missing or format not recognized")
print("&&&& PASSED TensorRT.trtexec " + line, flush=True)
"""


def install(folder: Path) -> Path:
    """``trtexec`` in ``folder``, which is to be put on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "trtexec"
    program.write_text(f"#!{sys.executable}\n{_CODE}")
    program.chmod(0o755)
    return program
