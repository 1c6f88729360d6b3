"""``dsbench doctor``: survey, checks, fixes, text."""
