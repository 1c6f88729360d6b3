"""The run record: what ran on what, with which evidence and verdict."""
