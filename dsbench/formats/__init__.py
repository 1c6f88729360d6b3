"""The text formats of DeepStream's world: each module reads and writes one; pure, no I/O beyond a path."""
