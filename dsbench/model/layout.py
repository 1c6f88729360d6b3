"""Every path of a model directory, as the specification names them."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import places


def name_safe(model_name: str) -> str:
    """MODEL_NAME for C++ file names: every character outside ``A-Za-z0-9`` becomes ``_``.

    The specification's ``echo | tr`` also turns echo's newline into a trailing ``_``; that one is left out here
    (files named with it are still found, see ``ModelLayout.parser_source_alternatives``). One ``_`` a character,
    where ``tr`` writes one a byte: a file name must not depend on the locale.
    """
    return re.sub(r"[^A-Za-z0-9]", "_", model_name)


def parser_func_suffix(model_name: str) -> str:
    """PascalCase of MODEL_NAME for the parser function: ``rtdetr-l`` -> ``RtdetrL``; ``Model`` if nothing is left."""
    parts = re.sub(r"[^a-zA-Z0-9]", " ", model_name).split()
    return "".join(part.capitalize() for part in parts) or "Model"


@dataclass(frozen=True)
class ModelLayout:
    """Paths of one model directory.

    ``given`` is the directory as the user wrote it (used in messages); ``root`` its absolute path, links not followed.
    """

    given: str
    root: Path

    def __post_init__(self) -> None:
        """From here on nothing is written or deleted through a link that leaves the directory."""
        places.protect(self.root)

    @classmethod
    def at(cls, given: str, start: Path) -> ModelLayout:
        """Layout of the directory ``given``, relative to ``start`` (where pytest was started)."""
        text = given.rstrip("/") or given
        return cls(given=text, root=Path(os.path.abspath(start / text)))

    @property
    def name(self) -> str:
        """MODEL_NAME: the last part of the absolute path."""
        return self.root.name

    @property
    def key(self) -> str:
        """Identifies this directory among others of the same name: an ASCII name and a hash of its path."""
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:8]
        return f"{name_safe(self.name)[:60]}-{digest}"

    @property
    def safe(self) -> str:
        """MODEL_NAME_SAFE."""
        return name_safe(self.name)

    @property
    def parser_function(self) -> str:
        """``NvDsInferParseCustom${PARSER_FUNC_SUFFIX}``."""
        return f"NvDsInferParseCustom{parser_func_suffix(self.name)}"

    @property
    def settings_file(self) -> Path:
        return self.root / "dsbench.toml"

    # model/, parser/, config/
    @property
    def onnx_dir(self) -> Path:
        return self.root / "model"

    @property
    def parser_dir(self) -> Path:
        return self.root / "parser"

    @property
    def parser_source(self) -> Path:
        return self.parser_dir / f"nvdsinfer_custombboxparser_{self.safe}.cpp"

    @property
    def parser_source_alternatives(self) -> tuple[Path, ...]:
        """Names the specification's own shell would have given (MODEL_NAME_SAFE with a trailing ``_``)."""
        return (self.parser_dir / f"nvdsinfer_custombboxparser_{self.safe}_.cpp",)

    @property
    def makefile(self) -> Path:
        return self.parser_dir / "Makefile"

    @property
    def parser_library(self) -> Path:
        return self.parser_dir / f"libnvdsinfer_{self.safe}_parser.so"

    @property
    def build_log(self) -> Path:
        """The console of the parser's build."""
        return self.parser_dir / "build.log"

    @property
    def config_dir(self) -> Path:
        return self.root / "config"

    @property
    def labels(self) -> Path:
        return self.config_dir / "labels.txt"

    @property
    def nvinfer_config(self) -> Path:
        return self.config_dir / f"config_infer_primary_{self.name}.txt"

    @property
    def kitti_app_config(self) -> Path:
        return self.config_dir / f"deepstream_app_kitti_{self.name}.txt"

    @property
    def visual_app_config(self) -> Path:
        return self.config_dir / f"deepstream_app_visual_{self.name}.txt"

    # samples/
    @property
    def samples(self) -> Path:
        return self.root / "samples"

    @property
    def kitti_dir(self) -> Path:
        return self.samples / "kitti_output"

    @property
    def kitti_log(self) -> Path:
        return self.samples / "kitti.log"

    @property
    def visual_log(self) -> Path:
        return self.samples / "visual.log"

    @property
    def visual_output(self) -> Path:
        """6f's video on the embedded runtime."""
        return self.samples / f"{self.name}_output.webm"

    @property
    def visual_output_mp4(self) -> Path:
        """6f's video on DeepStream, encoded by NVENC."""
        return self.samples / f"{self.name}_output.mp4"

    @property
    def visual_output_ogv(self) -> Path:
        """6f's video on DeepStream where NVENC is unavailable."""
        return self.samples / f"{self.name}_output.ogv"

    @property
    def visual_nvenc_log(self) -> Path:
        """The console of the NVENC attempt where another one followed."""
        return self.samples / "visual_nvenc.log"

    @property
    def visual_frames_log(self) -> Path:
        """The console of the frame extraction."""
        return self.samples / "visual_frames.log"

    @property
    def candidates_picture(self) -> Path:
        """The possible preprocessings side by side, where nobody states the right one."""
        return self.samples / "preprocessing_candidates.jpg"

    @property
    def parity_dir(self) -> Path:
        """Clips, dumps, app configs and logs of the comparison between streams."""
        return self.samples / "stream_parity"

    @property
    def accuracy_dir(self) -> Path:
        """Configs, dumps and logs of the comparison with ground truth."""
        return self.samples / "accuracy"

    def sample_frame(self, frame: int) -> Path:
        """``samples/frame_%04d.jpg``, by frame number."""
        return self.samples / f"frame_{frame:04d}.jpg"

    # benchmarks/
    @property
    def benchmarks(self) -> Path:
        return self.root / "benchmarks"

    @property
    def engines(self) -> Path:
        return self.benchmarks / "engines"

    def engine(self, onnx_stem: str, max_bs: int) -> Path:
        """``benchmarks/engines/<onnx stem>_dynamic_b<MAX_BS>.engine``."""
        return self.engines / f"{onnx_stem}_dynamic_b{max_bs}.engine"

    def trtexec_log(self, batch: int) -> Path:
        """``benchmarks/b<B>/trtexec_b<B>.log``."""
        return self.benchmarks / f"b{batch}" / f"trtexec_b{batch}.log"

    @property
    def ds_dir(self) -> Path:
        return self.benchmarks / "ds"

    @property
    def ds_nvinfer_config(self) -> Path:
        return self.ds_dir / f"config_infer_ds_{self.name}.txt"

    def ds_log(self, streams: int, run: int) -> Path:
        """``benchmarks/ds/ds_s<N>_run<1|2>.log``: the names that Step 8 reads."""
        return self.ds_dir / f"ds_s{streams}_run{run}.log"

    def ds_app_config(self, streams: int, run: int) -> Path:
        """``benchmarks/ds/deepstream_app_s<N>_run<1|2>.txt``."""
        return self.ds_dir / f"deepstream_app_s{streams}_run{run}.txt"

    def ds_extra_log(self, name: str) -> Path:
        """``benchmarks/ds/ds_<name>.log`` of an extra run: ``s6_decode``, ``s5_sweep``."""
        return self.ds_dir / f"ds_{name}.log"

    def ds_extra_app_config(self, name: str) -> Path:
        """``benchmarks/ds/deepstream_app_<name>.txt``."""
        return self.ds_dir / f"deepstream_app_{name}.txt"

    # reports/
    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def record(self) -> Path:
        return self.reports / "benchmark_data.json"

    @property
    def charts(self) -> Path:
        return self.reports / "charts"

    @property
    def written_directories(self) -> tuple[Path, ...]:
        """The directories that the steps write into; those above come first."""
        results = (*sorted(self.benchmarks.glob("b[0-9]*")), self.engines, self.ds_dir, self.ds_dir / "previous")
        samples = (self.samples, self.kitti_dir, self.parity_dir, self.accuracy_dir)
        reports = (self.reports, self.charts, self.reports / "previous", self.reports / "history")
        return (self.config_dir, self.parser_dir, *samples, self.benchmarks, *results, *reports)

    def given_path(self, path: Path) -> str:
        """``path`` below the directory as the user wrote it, for messages."""
        return os.path.join(self.given, os.path.relpath(path, self.root))
