"""6g: what is odd about the objects of a dump, and whether most of them are."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.formats.kitti import Scan
from dsbench.formats.odd_objects import OddKind

MOST = 0.5
"""Fraction of the objects from which on a dump of odd ones fails."""
_EXAMPLES = 5
_FIXES = {
    OddKind.UNLABELLED: "write one line for each class into labels.txt, and set labelfile-path in the nvinfer config",
    OddKind.UNKNOWN: "check labelfile-path, and that no other program writes into samples/kitti_output",
    OddKind.NOT_FINITE: "look for a division by zero in the parser, and for damaged weights",
    OddKind.SWAPPED: "the parser must return left, top, width and height: check the order of its box",
    OddKind.NO_AREA: "check the strides and box decoding of the parser",
    OddKind.OUTSIDE: "the parser must return pixels of the network's input: check scale and offset of its box",
    OddKind.CONFIDENCE: "the parser must return a probability: add the sigmoid or softmax that is missing",
}


def findings(scan: Scan) -> Iterator[str]:
    """A sentence for each kind of odd object, the most frequent first."""
    for kind, count in scan.odd.counts.most_common():
        labels = ""
        if kind is OddKind.UNKNOWN:
            labels = f": {', '.join(label for label, _ in scan.odd.unknown.most_common(_EXAMPLES))}"
        yield f"{count} of {scan.objects} objects {kind}{labels}"


def mostly_odd(scan: Scan) -> str:
    """The sentence about a dump in which at least `MOST` of the objects are odd or no KITTI; empty for any other."""
    odd, all_lines = scan.odd.objects + scan.invalid_count, scan.objects + scan.invalid_count
    if not odd or odd < MOST * all_lines:
        return ""
    kinds = list(findings(scan))
    if scan.invalid_count:
        kinds.append(f"{scan.invalid_count} lines are not in KITTI format")
    return f"{odd} of {all_lines} objects in the KITTI dump cannot be detections: {'; '.join(kinds)}"


def fixes(scan: Scan) -> tuple[str, ...]:
    """What to do about each kind, the most frequent first."""
    found = tuple(_FIXES[kind] for kind, _ in scan.odd.counts.most_common())
    return (*found, "run the dump again: its files may have been cut") if scan.invalid_count else found
