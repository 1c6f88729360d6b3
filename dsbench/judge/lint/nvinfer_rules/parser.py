"""Rules about the parser: its library and its function."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.families import tao_decode
from dsbench.judge.lint.context import CLASSIFIER, DETECTOR, INSTANCE_SEGMENTATION, SEGMENTATION, NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_FUNCTION_OF = {
    DETECTOR: "parse-bbox-func-name",
    CLASSIFIER: "parse-classifier-func-name",
    SEGMENTATION: "parse-segmentation-func-name",
    INSTANCE_SEGMENTATION: "parse-bbox-instance-mask-func-name",
}
_NVIDIAS = "libnvds_infercustomparser.so"
_BUILT_IN_LAYERS = ("cov", "bbox")
"""Parts of the output names that DeepStream's built-in decoder looks for (semantics g)."""


def _library(subject: NvinferSubject) -> Iterator[Hit]:
    config, alone = subject.config, subject.context.alone
    if config.network_type != DETECTOR or (subject.context.own_decode and not config.parse_bbox_func_name):
        return
    if config.custom_lib_path is None and (config.parse_bbox_func_name or not alone):
        what = "custom-lib-path is not given: the function name is ignored, the built-in decoder is used"
        yield hit(what, "point custom-lib-path at the parser's .so", key="parse-bbox-func-name")
    elif config.custom_lib_path is not None and not config.parse_bbox_func_name and not alone:
        what = "parse-bbox-func-name is not given: the built-in decoder is used"
        yield hit(what, "name the parser's function")


def _built_in(subject: NvinferSubject) -> Iterator[Hit]:
    """No parser is called, and the outputs are not those of the built-in decoder."""
    config, onnx = subject.config, subject.context.onnx
    called = config.custom_lib_path is not None and config.parse_bbox_func_name
    if not subject.context.alone or onnx is None or called or config.network_type != DETECTOR:
        return
    names = [output.name for output in onnx.outputs]
    if names and not all(any(part in name for name in names) for part in _BUILT_IN_LAYERS):
        yield hit(", ".join(names[:4]), key="parse-bbox-func-name")


def _exported(subject: NvinferSubject) -> Iterator[Hit]:
    config, functions = subject.config, subject.context.functions
    name = config.parse_bbox_func_name
    if config.custom_lib_path is not None and name and functions is not None and name not in functions:
        known = ", ".join(function for function in functions if "NvDsInferParse" in function) or "none"
        yield hit(name, config.custom_lib_path.name, known, key="parse-bbox-func-name")


def _outputs(subject: NvinferSubject) -> Iterator[Hit]:
    """NVIDIA's function compares the outputs' names exactly, and the model has others."""
    config, onnx = subject.config, subject.context.onnx
    name, library = config.parse_bbox_func_name, config.custom_lib_path
    if onnx is None or library is None or library.name != _NVIDIAS or not name:
        return
    names = [output.name for output in onnx.outputs]
    missing = [wanted for wanted in tao_decode.names_of(name) if wanted not in names]
    if names and missing:
        own = all(any(part in one for one in names) for part in _BUILT_IN_LAYERS)
        fix = "remove custom-lib-path and parse-bbox-func-name: nvinfer's own decode reads these outputs"
        rename = "rename the outputs in the ONNX file, or name the library and function of a parser for them"
        yield hit(name, " and ".join(missing), ", ".join(names[:4]), fix if own else rename)


def _other_kind(subject: NvinferSubject) -> Iterator[Hit]:
    own = _FUNCTION_OF.get(subject.config.network_type)
    for kind, key in _FUNCTION_OF.items():
        wanted = own is not None and key != own and subject.given(key) and not subject.given(own)
        if wanted and key != "parse-bbox-func-name":
            yield hit(key, kind, subject.config.network_type, own, key=key)


def _engine_function(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.given("engine-create-func-name") and subject.config.custom_lib_path is None:
        yield hit(key="engine-create-func-name")


ROWS = (
    LintRule(
        "parser-function",
        ERROR,
        "custom-lib-path, parse-bbox-func-name",
        _library,
        "{0}",
        "{1}",
        alone=WARNING,
        about="Of custom-lib-path and parse-bbox-func-name only one is given: the parser is not called, "
        "DeepStream's built-in decoder is used.",
    ),
    LintRule(
        "parser-function",
        ERROR,
        "custom-lib-path, parse-bbox-func-name",
        _exported,
        "parse-bbox-func-name={0} is not exported by {1} (exported: {2})",
        'use an exported name; a comment behind the value would belong to it; the function must be extern "C"',
    ),
    LintRule(
        "parser-missing",
        WARNING,
        "custom-lib-path, parse-bbox-func-name",
        _built_in,
        "no parser is named, and DeepStream's built-in decoder does not know these outputs: {0}",
        "set custom-lib-path and parse-bbox-func-name",
    ),
    LintRule(
        "parser-outputs",
        ERROR,
        "custom-lib-path, parse-bbox-func-name",
        _outputs,
        "{0} looks for outputs called exactly {1}, the model has {2}: DeepStream ends in a segmentation fault",
        "{3}",
    ),
    LintRule(
        "parser-kind",
        WARNING,
        "network-type, parse-*-func-name",
        _other_kind,
        "{0} is a function of network-type={1}; this config has network-type={2}",
        "correct network-type, or name the function in {3}",
        alone=NOTE,
    ),
    LintRule(
        "engine-create-function",
        WARNING,
        "engine-create-func-name, custom-lib-path",
        _engine_function,
        "engine-create-func-name is not used without custom-lib-path",
        "point custom-lib-path at the library that has the function",
    ),
)
