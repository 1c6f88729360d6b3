"""Ground truth as people have it: KITTI label files, COCO's JSON, YOLO's text files.

``reader.read`` finds out which it is. Class names come from the files; where they hold numbers only, from the list of
names beside them.
"""
