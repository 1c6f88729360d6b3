"""Is the bounding box parser right."""
