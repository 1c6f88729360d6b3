from dsbench.model.coco import COCO80, COCO91, UNUSED


def test_both_numberings_hold_the_same_names_in_the_same_order() -> None:
    assert (len(COCO80), len(set(COCO80)), len(COCO91)) == (80, 80, 91)
    assert tuple(name for name in COCO91 if name != UNUSED) == COCO80


def test_known_places() -> None:
    assert (COCO80[0], COCO80[2], COCO80[11], COCO80[79]) == ("person", "car", "stop sign", "toothbrush")
    assert (COCO91[0], COCO91[1], COCO91[13], COCO91[90]) == (UNUSED, "person", "stop sign", "toothbrush")
