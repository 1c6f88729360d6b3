"""Judges the bounding box parser: its boxes, and its behaviour under sanitizers."""
