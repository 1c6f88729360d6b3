"""Faults of the nvinfer config, of preprocessing and of labels; and controls, which are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsbench.selftest import parser_faults
from dsbench.selftest.fault import ALL, PROPERTY, Fault, FaultGroup, FaultyModel
from dsbench.selftest.healthy import YOLOV8, YOLOV10, YOLOX

_DENSE = (YOLOX, YOLOV8)
_PET_SHOP = b"cat\ndog\nparrot\nhamster\n"


def _keys(*keys: tuple[str, str, str]) -> Callable[[FaultyModel], None]:
    """Sets keys of the nvinfer config: group, key, value."""

    def inject(model: FaultyModel) -> None:
        for group, key, value in keys:
            model.set_key(key, value, group)

    return inject


def _config(
    id: str,
    what: str,
    keys: Sequence[tuple[str, str, str]],
    names: tuple[str, ...] = (),
    *,
    damage: bool = True,
    families: tuple[str, ...] = (),
) -> Fault:
    named = (*(key for _, key, _ in keys), *names)
    return Fault(f"config-{id}", FaultGroup.CONFIG, what, named, _keys(*keys), damage, families)


CONFIG_FAULTS = (
    _config("cluster-mode-4", "no clustering of a dense head", [(PROPERTY, "cluster-mode", "4")], families=_DENSE),
    _config(
        "cluster-mode-2",
        "NMS over finished detections",
        [(PROPERTY, "cluster-mode", "2")],
        damage=False,
        families=(YOLOV10,),
    ),
    _config("group-rectangles", "OpenCV's grouping in the place of NMS", [(PROPERTY, "cluster-mode", "0")]),
    _config("nms-iou", "NMS that suppresses next to nothing", [(ALL, "nms-iou-threshold", "0.95")], families=_DENSE),
    _config("nms-iou-low", "NMS that suppresses neighbours", [(ALL, "nms-iou-threshold", "0.02")], families=_DENSE),
    _config("threshold-high", "a threshold of 0.9", [(ALL, "pre-cluster-threshold", "0.9")]),
    _config("threshold-none", "a threshold above every score", [(ALL, "pre-cluster-threshold", "1.5")]),
    _config("threshold-low", "a threshold of 0.001", [(ALL, "pre-cluster-threshold", "0.001")]),
    _config(
        "post-threshold",
        "a threshold of 0.9 after clustering",
        [(ALL, "post-cluster-threshold", "0.9")],
        families=_DENSE,
    ),
    _config("topk", "one box of each class", [(ALL, "topk", "1")]),
    _config("filter-out", "class 0 is filtered out", [(PROPERTY, "filter-out-class-ids", "0")]),
    _config("class-threshold", "a threshold of 0.99 for class 0", [("class-attrs-0", "pre-cluster-threshold", "0.99")]),
    _config("class-topk", "one box of class 0", [("class-attrs-0", "topk", "1")]),
    _config(
        "min-size",
        "objects below 80 pixels are dropped",
        [(ALL, "detected-min-w", "80"), (ALL, "detected-min-h", "80")],
    ),
    _config("max-size", "objects above 40 pixels are dropped", [(ALL, "detected-max-w", "40")]),
    _config("roi", "the upper half is dropped", [(ALL, "roi-top-offset", "360")]),
    _config("interval", "every fourth frame alone is inferred", [(PROPERTY, "interval", "3")]),
    _config(
        "classes-80",
        "80 classes for a head of four",
        [(PROPERTY, "num-detected-classes", "80")],
        ("class-count", "classes"),
    ),
    _config(
        "classes-2",
        "two classes for a head of four",
        [(PROPERTY, "num-detected-classes", "2")],
        ("class-count", "classes"),
    ),
    _config("secondary", "a primary detector as secondary", [(PROPERTY, "process-mode", "2")]),
    _config("classifier", "the detector as a classifier", [(PROPERTY, "network-type", "1")]),
    _config(
        "group-typo",
        "thresholds in a group that nvinfer does not know",
        [("class-attr-all", "pre-cluster-threshold", "0.9")],
        ("class-attr-all",),
        damage=False,
    ),
    _config("input-order", "the input as HWC", [(PROPERTY, "network-input-order", "1")], ("input-order",)),
    _config("dims", "height and width exchanged", [(PROPERTY, "infer-dims", "3;512;288")], families=_DENSE),
    _config(
        "function",
        "a parser function that is not there",
        [(PROPERTY, "parse-bbox-func-name", "NvDsInferParseCustomNone")],
        ("parser-symbol",),
    ),
    _config("labels-path", "a label file that is not there", [(PROPERTY, "labelfile-path", "names.txt")]),
)


def _preprocessing(
    id: str,
    what: str,
    names: tuple[str, ...],
    inject: Callable[[FaultyModel], None],
    *,
    damage: bool = True,
    families: tuple[str, ...] = (),
) -> Fault:
    return Fault(f"feed-{id}", FaultGroup.PREPROCESSING, what, names, inject, damage, families)


def _other_scale(model: FaultyModel) -> None:
    model.set_key("net-scale-factor", "0.00392156862745098" if float(model.value("net-scale-factor")) == 1 else "1.0")


def _other_colour(model: FaultyModel) -> None:
    model.set_key("model-color-format", str(1 - int(model.value("model-color-format"))))


def _toml(model: FaultyModel) -> None:
    scale = "0.00392156862745098" if float(model.value("net-scale-factor")) == 1 else "1.0"
    model.layout.nvinfer_config.unlink()
    settings = model.layout.settings_file
    settings.write_text(f"{settings.read_text()}\n[property]\nnet-scale-factor = {scale}\n")


_SCALE, _COLOUR, _OFFSETS = "net-scale-factor", "model-color-format", "offsets"
PREPROCESSING_FAULTS = (
    _preprocessing("scale", "1/255 for 1, or 1 for 1/255", (_SCALE,), _other_scale),
    _preprocessing("colour", "RGB for BGR, or BGR for RGB", (_COLOUR,), _other_colour),
    _preprocessing("gray", "one grey channel for three", (_COLOUR, "color-format"), _keys((PROPERTY, _COLOUR, "2"))),
    _preprocessing("offsets", "ImageNet's means", (_OFFSETS,), _keys((PROPERTY, _OFFSETS, "123.675;116.28;103.53"))),
    _preprocessing(
        "imagenet",
        "ImageNet's means and deviation",
        (_OFFSETS, _SCALE),
        _keys((PROPERTY, _OFFSETS, "123.675;116.28;103.53"), (PROPERTY, _SCALE, "0.01735207357279195")),
    ),
    _preprocessing(
        "minus-one",
        "-1 to 1 for 0 to 1",
        (_SCALE, _OFFSETS),
        _keys((PROPERTY, _SCALE, "0.00784313725490196"), (PROPERTY, _OFFSETS, "127.5;127.5;127.5")),
    ),
    _preprocessing(
        "stretched",
        "the picture is stretched",
        ("maintain-aspect-ratio",),
        _keys((PROPERTY, "maintain-aspect-ratio", "0")),
        families=(YOLOV10,),
    ),
    _preprocessing(
        "padding",
        "padding below alone",
        ("symmetric-padding",),
        _keys((PROPERTY, "symmetric-padding", "0")),
        families=(YOLOV10,),
    ),
    _preprocessing("toml", "the wrong scale in dsbench.toml", (_SCALE,), _toml, families=(YOLOX, YOLOV8)),
)


def _labels(
    id: str,
    what: str,
    names: tuple[str, ...],
    change: Callable[[bytes], bytes],
    *,
    damage: bool = True,
    truth: tuple[str, ...] = (),
) -> Fault:
    def inject(model: FaultyModel) -> None:
        model.edit_labels(change)
        if model.layout.nvinfer_config.is_file():
            model.layout.nvinfer_config.unlink()

    return Fault(f"labels-{id}", FaultGroup.LABELS, what, names, inject, damage, truth=truth)


def _sorted(text: bytes) -> bytes:
    return b"\n".join(sorted(text.split())) + b"\n"


def _shifted(text: bytes) -> bytes:
    return b"background\n" + b"\n".join(text.split()[:-1]) + b"\n"


_NAMELESS = (YOLOX,)
"""Families whose ONNX file does not name its classes."""
_ORDER = ("label-order", "labels.txt has", "under another name", "is in labels.txt")
LABEL_FAULTS = (
    _labels("sorted", "names in alphabetical order", _ORDER, _sorted, truth=_NAMELESS),
    _labels(
        "reversed",
        "names from last to first",
        _ORDER,
        lambda text: b"\n".join(text.split()[::-1]) + b"\n",
        truth=_NAMELESS,
    ),
    _labels("shifted", "a background in front", ("background", *_ORDER), _shifted, truth=_NAMELESS),
    _labels("other", "names of another data set", _ORDER, lambda text: _PET_SHOP, truth=_NAMELESS),
    _labels(
        "fewer",
        "one name is missing",
        ("class-count", "labels.txt has"),
        lambda text: b"\n".join(text.split()[:-1]) + b"\n",
    ),
    _labels("more", "a name too many", ("class-count", "labels.txt has"), lambda text: text + b"tram\n"),
    _labels("bom", "a byte order mark", ("BOM", "invisible", "byte order mark"), lambda text: b"\xef\xbb\xbf" + text),
    _labels(
        "crlf",
        "line ends of Windows",
        ("CRLF", "carriage return", "invisible", "Windows", "line end"),
        lambda text: text.replace(b"\n", b"\r\n"),
    ),
    _labels(
        "semicolons",
        "all names in one line",
        ("class-count", "labels.txt has", "semicolon"),
        lambda text: text.replace(b"\n", b";") + b"\n",
    ),
    _labels("empty", "an empty file", ("labels-invalid", "no label", "empty"), lambda text: b""),
)


def _control(id: str, what: str, inject: Callable[[FaultyModel], None], families: tuple[str, ...] = ()) -> Fault:
    return Fault(f"control-{id}", FaultGroup.CONTROL, what, (), inject, False, families)


CONTROLS = (
    _control("unchanged", "nothing", lambda model: None),
    _control("own-config", "the same config as the user's own", lambda model: model.edit_config(lambda text: text)),
    _control("own-nms", "a parser with an NMS of its own", parser_faults.own_nms, _DENSE),
    _control("topk", "topk=300", _keys((ALL, "topk", "300"))),
    _control("precision", "network-mode=0", _keys((PROPERTY, "network-mode", "0"))),
    _control(
        "smallest",
        "objects below 2 pixels are dropped",
        _keys((ALL, "detected-min-w", "2"), (ALL, "detected-min-h", "2")),
    ),
    _control(
        "class-attrs",
        "class 1 has the common threshold of its own",
        lambda model: model.set_key("pre-cluster-threshold", model.value("pre-cluster-threshold"), "class-attrs-1"),
    ),
    _control("filter", "scaling-filter=1", _keys((PROPERTY, "scaling-filter", "1"))),
    _control("padding", "padding where the shapes agree", _keys((PROPERTY, "symmetric-padding", "1")), _DENSE),
)
