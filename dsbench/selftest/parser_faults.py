"""Faults of the parser: texts of the generated source, replaced."""

from __future__ import annotations

from dsbench.selftest.fault import Fault, FaultGroup, FaultyModel
from dsbench.selftest.healthy import YOLOV8, YOLOV10, YOLOX

Replacement = tuple[str, str]
_PUSH = "objectList.push_back(object);"
_TWO_NMS = """
    std::vector<NvDsInferObjectDetectionInfo> found;
    found.swap(objectList);
    std::stable_sort(found.begin(), found.end(),
                     [](NvDsInferObjectDetectionInfo const &a, NvDsInferObjectDetectionInfo const &b) {
                         return a.detectionConfidence > b.detectionConfidence; });
    for (NvDsInferObjectDetectionInfo const &one : found) {
        bool free = true;
        for (NvDsInferObjectDetectionInfo const &kept : objectList) {
            const float w = std::min(one.left + one.width, kept.left + kept.width) - std::max(one.left, kept.left);
            const float h = std::min(one.top + one.height, kept.top + kept.height) - std::max(one.top, kept.top);
            const float both = std::max(w, 0.0f) * std::max(h, 0.0f);
            const float all = one.width * one.height + kept.width * kept.height - both;
            if (one.classId == kept.classId && both > 0.45f * all)
                free = false;
        }
        if (free)
            objectList.push_back(one);
    }
    return true;
}

CHECK"""
_CENTRE = "float halfWidth = box[2] * 0.5f, halfHeight = box[3] * 0.5f;"
_V8_CORNERS = (
    "const float x1 = box[0] - halfWidth, y1 = box[1] - halfHeight;\n"
    "    const float x2 = box[0] + halfWidth, y2 = box[1] + halfHeight;"
)
_V10_CORNERS = "const float x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];"
_X_SCORE = "const float score = row[4] * *best;"
_X_SKIP = ("if (row[4] < lowest)", "if (false)")


def own_nms(model: FaultyModel) -> None:
    """NMS of the parser's own, boxes by score: what nvinfer does as well."""
    model.edit_parser(("    return true;\n}\n\nCHECK", _TWO_NMS))


def pushed(code: str) -> Replacement:
    """``code`` runs before a box is pushed."""
    return (_PUSH, f"{{ {code} {_PUSH} }}")


def _fault(id: str, what: str, names: tuple[str, ...], *edits: Replacement, family: str = "") -> Fault:
    def inject(model: FaultyModel) -> None:
        model.edit_parser(*edits)

    return Fault(id, FaultGroup.PARSER, what, names, inject, families=(family,) if family else ())


def _any(name: str, what: str, code: str, *more: str) -> Fault:
    """A fault that is put in where a box is pushed: any family's parser can have it."""
    return _fault(f"parser-{name}", what, (name, *more), pushed(code))


_OF_ANY = (
    _any(
        "corner-is-centre",
        "left and top are the centre",
        "object.left += object.width / 2; object.top += object.height / 2;",
    ),
    _any(
        "half-size-twice",
        "half of the size is subtracted twice",
        "object.left -= object.width / 2; object.top -= object.height / 2;",
    ),
    _any(
        "axes-swapped",
        "x and y are swapped",
        "std::swap(object.left, object.top); std::swap(object.width, object.height);",
    ),
    _any("places-swapped", "left and top are swapped", "std::swap(object.left, object.top);"),
    _any("sizes-swapped", "width and height are swapped", "std::swap(object.width, object.height);"),
    _any(
        "edges-as-sizes",
        "width and height are the right and lower edge",
        "object.width += object.left; object.height += object.top;",
    ),
    _any("size-halved", "half of the size", "object.width /= 2; object.height /= 2;"),
    _any("size-doubled", "twice the size", "object.width *= 2; object.height *= 2;"),
    _any("upside-down", "y is measured from below", "object.top = network.height - object.top - object.height;"),
    _any(
        "scale",
        "coordinates times 640/416",
        "const float s = 640 / 416.f; object.left *= s; object.top *= s; object.width *= s; object.height *= s;",
        "factor",
        "times",
    ),
    _any(
        "fractions",
        "coordinates as fractions of the network",
        "object.left /= network.width; object.width /= network.width;"
        " object.top /= network.height; object.height /= network.height;",
        "fraction",
        "scale",
        "multipl",
    ),
    _any("shift", "boxes are shifted by 20 and 12 pixels", "object.left += 20; object.top += 12;", "shifted"),
    _any("class-plus-one", "class ids are one too high", "object.classId += 1;", "outside 0.."),
    _any("class-lost", "every box has class 0", "object.classId = 0;"),
    _any("score-constant", "every score is 1", "object.detectionConfidence = 1;"),
    _any(
        "score-unset",
        "every score is 0",
        "object.detectionConfidence = 0;",
        "no confidence",
        "below the threshold",
        "score 0",
    ),
    _any("score-percent", "scores in percent", "object.detectionConfidence *= 100;"),
    _any(
        "own-threshold",
        "a threshold of 0.6 in the parser",
        "if (object.detectionConfidence >= 0.6f)",
        "has its own threshold",
        "threshold in the parser",
        "threshold of",
    ),
    _any(
        "few-boxes",
        "only the first five boxes are returned",
        "if (objectList.size() < 5)",
        "boxes of an image are returned",
    ),
    _any(
        "small-lost",
        "boxes below 20 pixels are left out",
        "if (object.width >= 20 && object.height >= 20)",
        "less than",
    ),
    _any(
        "whole-pixels",
        "coordinates are cut to whole pixels of the network",
        "object.left = static_cast<int>(object.left); object.top = static_cast<int>(object.top);"
        " object.width = static_cast<int>(object.width); object.height = static_cast<int>(object.height);",
        "boxes-differ",
    ),
    _fault(
        "parser-repeated",
        "every box is pushed twice",
        ("repeated", "each box is returned"),
        (_PUSH, f"{{ {_PUSH} {_PUSH} }}"),
    ),
    _fault("parser-empty", "no box is returned", ("returns no box",), (_PUSH, ";")),
)
_OF_YOLOX = (
    _fault(
        "parser-no-grid",
        "the grid offset is missing",
        ("no-grid",),
        ("(row[0] + static_cast<float>(column))", "row[0]"),
        ("(row[1] + static_cast<float>(line))", "row[1]"),
        family=YOLOX,
    ),
    _fault(
        "parser-grid-swapped",
        "column and line of the grid are swapped",
        ("grid-swapped",),
        ("static_cast<float>(column))", "static_cast<float>(LINE))"),
        ("static_cast<float>(line))", "static_cast<float>(column))"),
        ("static_cast<float>(LINE))", "static_cast<float>(line))"),
        family=YOLOX,
    ),
    _fault(
        "parser-no-exponent",
        "exp is missing",
        ("no-exponent",),
        ("std::exp(row[2])", "row[2]"),
        ("std::exp(row[3])", "row[3]"),
        family=YOLOX,
    ),
    _fault(
        "parser-no-stride",
        "the stride is not multiplied in",
        ("no-stride",),
        ("const float scale = static_cast<float>(stride);", "const float scale = 1;"),
        family=YOLOX,
    ),
    _fault(
        "parser-stride-order",
        "strides from coarse to fine",
        ("stride-order",),
        ("{ 8, 16, 32, 0 }", "{ 32, 16, 8, 0 }"),
        family=YOLOX,
    ),
    _fault(
        "parser-centre-sigmoid",
        "a sigmoid on the centre",
        ("centre-sigmoid",),
        ("(row[0] +", "(1 / (1 + std::exp(-row[0])) +"),
        ("(row[1] +", "(1 / (1 + std::exp(-row[1])) +"),
        family=YOLOX,
    ),
    _fault(
        "parser-objectness-ignored",
        "the score is the class column alone",
        ("objectness-ignored",),
        (_X_SCORE, "const float score = *best;"),
        _X_SKIP,
        family=YOLOX,
    ),
    _fault(
        "parser-objectness-alone",
        "the score is the objectness alone",
        ("objectness-alone",),
        (_X_SCORE, "const float score = row[4];"),
        family=YOLOX,
    ),
    _fault(
        "parser-sigmoid-twice",
        "a sigmoid on finished scores",
        ("sigmoid-twice",),
        (_X_SCORE, "const float score = 1 / (1 + std::exp(-row[4])) * (1 / (1 + std::exp(-*best)));"),
        _X_SKIP,
        family=YOLOX,
    ),
    _fault(
        "parser-columns-early",
        "class columns are read one too early",
        ("class-columns-early",),
        ("row + kFixedColumns;", "row + kFixedColumns - 1;"),
        family=YOLOX,
    ),
    _fault(
        "parser-columns-late",
        "class columns are read one too late",
        ("class-columns-late",),
        ("row + kFixedColumns;", "row + kFixedColumns + 1;"),
        family=YOLOX,
    ),
    _fault(
        "parser-class-lowest",
        "the class with the lowest score is taken",
        ("class-lowest",),
        ("std::max_element(classes, row + columns)", "std::min_element(classes, row + columns)"),
        family=YOLOX,
    ),
    _fault(
        "parser-levels-lost",
        "only the finest stride is read",
        ("levels-lost", "no box comes from the cells of stride"),
        ("y < networkInfo.height / stride; ++y", "y < networkInfo.height / stride && s < 1; ++y"),
        family=YOLOX,
    ),
    _fault(
        "parser-row-length",
        "rows are one column too long",
        ("row-length",),
        ("row += columns", "row += columns + 1"),
        family=YOLOX,
    ),
    _fault(
        "parser-threshold-ignored",
        "boxes below the threshold are returned, unclipped",
        ("below the threshold",),
        (" || score < thresholds[classId]", ""),
        _X_SKIP,
        family=YOLOX,
    ),
    _fault(
        "parser-80-classes",
        "the parser counts on 80 classes",
        ("row-length", "columns-moved", "parser-crashed"),
        ("const unsigned int columns = dims.d[1];", "const unsigned int columns = 85;"),
        family=YOLOX,
    ),
)
_OF_YOLOV8 = (
    _fault(
        "parser-corners-as-centres",
        "corners are taken for centre and size",
        ("corners-as-centres",),
        (
            _V8_CORNERS,
            "const float a = box[0] - halfWidth, b = box[1] - halfHeight, c = a + box[2], d = b + box[3];\n"
            "    const float x1 = a - c / 2, y1 = b - d / 2, x2 = a + c / 2, y2 = b + d / 2;",
        ),
        family=YOLOV8,
    ),
    _fault(
        "parser-centres-as-corners",
        "centre and size are taken for corners",
        ("centres-as-corners",),
        (f"const {_CENTRE}", ""),
        (_V8_CORNERS, _V10_CORNERS),
        family=YOLOV8,
    ),
    _fault(
        "parser-transposed",
        "the tensor is read transposed",
        ("transposed",),
        (
            "{ data[i], data[anchors + i], data[2 * anchors + i], data[3 * anchors + i] }",
            "{ data[i * columns], data[i * columns + 1], data[i * columns + 2], data[i * columns + 3] }",
        ),
        ("row[i] > scores[i]", "data[i * columns + first + c] > scores[i]"),
        ("scores[i] = row[i]", "scores[i] = data[i * columns + first + c]"),
        ("float const *row = data + (first + c) * anchors;", ""),
        (
            "std::vector<float> scores(data + first * anchors, data + (first + 1) * anchors);",
            "std::vector<float> scores(anchors);\n    for (std::size_t i = 0; i < anchors; ++i)\n"
            "        scores[i] = data[i * columns + first];",
        ),
        family=YOLOV8,
    ),
    _fault(
        "parser-columns-late",
        "class columns are read one too late",
        ("class-columns-late",),
        ("const std::size_t first = 4;", "const std::size_t first = 5;"),
        family=YOLOV8,
    ),
    _fault(
        "parser-columns-early",
        "class columns are read one too early",
        ("class-columns-early",),
        ("const std::size_t first = 4;", "const std::size_t first = 3;"),
        family=YOLOV8,
    ),
    _fault(
        "parser-sigmoid-twice",
        "a sigmoid on finished scores",
        ("sigmoid-twice",),
        ("const float score = scores[i];", "const float score = 1 / (1 + std::exp(-scores[i]));"),
        family=YOLOV8,
    ),
    _fault(
        "parser-first-class-only",
        "only the first class is read",
        ("first-class-only", "no box has class 1 ("),
        ("row[i] > scores[i]", "false"),
        family=YOLOV8,
    ),
    _fault(
        "parser-decoded-twice",
        "finished boxes are decoded once more",
        ("decoded-twice",),
        (
            "float const(&box)[4] = columns;",
            "const std::size_t i = anchor; std::size_t k = i, w = 64, h = 36; float st = 8;\n"
            "    while (k >= w * h) { k -= w * h; w /= 2; h /= 2; st *= 2; }\n"
            "    const float box[4] = { (columns[0] + k % w) * st, (columns[1] + k / w) * st,"
            " std::exp(columns[2]) * st, std::exp(columns[3]) * st };",
        ),
        ("void addBox(float const (&columns)[4],", "void addBox(std::size_t anchor, float const (&columns)[4],"),
        ("addBox(box, classIds[i],", "addBox(i, box, classIds[i],"),
        family=YOLOV8,
    ),
    _fault(
        "parser-rows-lost",
        "only the first 2304 anchors are read",
        ("rows-lost", "levels-lost", "no box comes from the cells of stride"),
        (
            "for (std::size_t i = 0; i < anchors; ++i) {\n        const float score",
            "for (std::size_t i = 0; i < 2304; ++i) {\n        const float score",
        ),
        family=YOLOV8,
    ),
)
_OF_YOLOV10 = (
    _fault(
        "parser-corners-as-centres",
        "corners are taken for centre and size",
        ("corners-as-centres",),
        (_V10_CORNERS, f"const {_CENTRE}\n    {_V8_CORNERS}"),
        family=YOLOV10,
    ),
    _fault(
        "parser-score-is-class",
        "score and class are exchanged",
        ("score-is-class",),
        ("score = data[4], label = data[5];", "score = data[5], label = data[4];"),
        family=YOLOV10,
    ),
    _fault(
        "parser-rows-lost",
        "only the first eight rows are read",
        ("rows-lost", "boxes of an image are returned"),
        ("i < dims.d[0]; ++i", "i < 8; ++i"),
        family=YOLOV10,
    ),
    _fault(
        "parser-row-length", "rows are seven columns long", ("row-length",), ("data += 6", "data += 7"), family=YOLOV10
    ),
)
PARSER_FAULTS = (*_OF_ANY, *_OF_YOLOX, *_OF_YOLOV8, *_OF_YOLOV10)
