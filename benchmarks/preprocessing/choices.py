"""What dsbench chooses for each model on each clip with nothing but the ONNX file: right, unknown or wrong.

Metadata are taken out first, so that only the graph, the head and the frames are left.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from benchmarks.preprocessing import command_line
from benchmarks.preprocessing.collect import Model, fixed_input, models
from benchmarks.preprocessing.material import CLIPS, SURFACE
from dsbench.inspection import inspection
from dsbench.inspection.inspection import HeadReport
from dsbench.judge.imports.levels import KEYS, StatedBy
from dsbench.model import video

UNDECIDED = (StatedBy.UNKNOWN, "default")


@dataclass(frozen=True)
class Truth:
    """The head as its project decodes it."""

    family: str
    classes: int
    cluster_mode: int


def truths(folder: Path) -> dict[str, Truth]:
    """``head`` of the entries of models.toml that have one."""
    own = folder / "models.toml"
    data = tomllib.loads((own if own.is_file() else Path(__file__).with_name("models.toml")).read_text())
    return {name: Truth(*entry["head"]) for name, entry in data.items() if "head" in entry}


def directory(model: Model, root: Path) -> Path:
    """A model directory with the ONNX file alone, without metadata, with a batch dimension on every output."""
    proto = onnx.load(model.path)
    constants = {item.name for item in proto.graph.initializer}
    image = next(item for item in proto.graph.input if item.name not in constants)
    sides = [side.dim_value for side in image.type.tensor_type.shape.dim[2:]]
    wanted = [model.network.height, model.network.width]
    if all(sides) and sides != wanted:
        proto = fixed_input(model)
    del proto.metadata_props[:]
    for output in proto.graph.output:
        if len(output.type.tensor_type.shape.dim) == 2 and output.name != "labels":
            _batch(proto, output)
    (root / "model").mkdir(parents=True)
    onnx.save(proto, root / "model" / "model.onnx")
    if not all(sides):
        (root / "dsbench.toml").write_text(f"input-size = {wanted}\n")
    return root / "model" / "model.onnx"


def _batch(proto: onnx.ModelProto, output: onnx.ValueInfoProto) -> None:
    """Put a batch of one in front of an output, as dsbench's own script does."""
    rows = f"{output.name}_rows"
    for node in proto.graph.node:
        for names in (node.input, node.output):
            names[:] = [rows if name == output.name else name for name in names]
    proto.graph.node.append(onnx.helper.make_node("Unsqueeze", [rows], [output.name], axes=[0]))
    dims = [1, *(dim.dim_value or dim.dim_param for dim in output.type.tensor_type.shape.dim)]
    output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, output.type.tensor_type.elem_type, dims))


def verdict(report: HeadReport | None, model: Model, truth: Truth) -> str:
    """``right``, ``unknown: keys`` or ``wrong: keys``. A key that does not matter is right with any value."""
    if report is None or not report.family:
        return "unknown: family"
    feeding = {item.name: item for item in report.feeding}
    wanted = dict(zip(KEYS, _texts(model), strict=True))
    free = {"symmetric-padding"} if not model.truth.maintain_aspect_ratio else set()
    if model.network.width * SURFACE[1] == model.network.height * SURFACE[0]:
        free |= {"maintain-aspect-ratio", "symmetric-padding"}
    wrong = [f"family {report.family}"] if report.family != truth.family else []
    wrong += [f"classes {report.classes}"] if report.classes != truth.classes else []
    opened = []
    for name, text in (*wanted.items(), ("cluster-mode", str(truth.cluster_mode))):
        item = feeding[name]
        if name in free:
            continue
        if item.level in UNDECIDED:
            opened.append(name)
        elif not _same(item.value.split(" ")[0], text):
            wrong.append(f"{name} {item.value}")
    if wrong:
        return f"wrong: {', '.join(wrong)}"
    return f"unknown: {', '.join(opened)}" if opened else "right"


def _texts(model: Model) -> tuple[str, ...]:
    truth = model.truth
    offsets = ";".join(f"{part:g}" for part in truth.offsets) or "none"
    keys = (truth.model_color_format, truth.maintain_aspect_ratio, truth.symmetric_padding)
    return (repr(truth.net_scale_factor), offsets, *map(str, keys))


def _same(one: str, other: str) -> bool:
    """Equal but for the rounding of statistics: 2 % of a scale, half a pixel of an offset."""
    if one == other:
        return True
    try:
        pairs = [(float(a), float(b)) for a, b in zip(one.split(";"), other.split(";"), strict=True)]
    except ValueError:
        return False
    return all(abs(a - b) <= max(0.02 * abs(b), 0.5 if b > 1 else 0) for a, b in pairs)


def choose(models_dir: Path, videos: Path, cache: Path, clips: Sequence[str]) -> None:
    """Fill ``cache`` with one verdict for each model and clip; what is there stays."""
    known = truths(models_dir)
    for model in models(models_dir):
        for clip in clips:
            target = cache / f"choice-{model.name}@{clip}.json"
            if model.name not in known or target.exists() or not (videos / clip).is_file():
                continue
            with tempfile.TemporaryDirectory(prefix="dsbench-choices-") as root:
                path = directory(model, Path(root) / model.name)
                found = inspection.inspect(path, video.inspect(videos / clip)).inspection
            answer = verdict(found.network, model, known[model.name])
            errors = [item.code for item in found.errors]
            cache.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps({"verdict": answer, "errors": errors}))
            print(f"{model.name} on {clip}: {answer} {' '.join(errors)}", flush=True)


def table(models_dir: Path, cache: Path) -> None:
    """The table of docs/preprocessing.md."""
    print("| model | clips | fully right | unknown | wrong |\n|---|---|---|---|---|")
    every: Counter[str] = Counter()
    for model in models(models_dir):
        found = [json.loads(path.read_text())["verdict"] for path in sorted(cache.glob(f"choice-{model.name}@*"))]
        if not found:
            continue
        kinds = Counter(item.partition(":")[0] for item in found)
        every += kinds
        cells = []
        for kind in ("right", "unknown", "wrong"):
            why = "; ".join(dict.fromkeys(item.partition(": ")[2] for item in found if item.startswith(f"{kind}:")))
            cells.append(f"{kinds[kind]}{f' ({why})' if why else ''}" if kinds[kind] else "")
        print(f"| {model.name} | {len(found)} | {' | '.join(cells)} |")
    print(f"| all | {sum(every.values())} | {every['right']} | {every['unknown']} | {every['wrong']} |")


def main() -> None:
    options = command_line.read("benchmarks.preprocessing.choices", __doc__)
    if not options.table:
        choose(options.models, options.videos, options.cache, tuple(dict.fromkeys(clip.file for clip in CLIPS)))
    table(options.models, options.cache)


if __name__ == "__main__":
    main()
