"""`dsbench compare` and `dsbench index`: records of runs side by side."""
