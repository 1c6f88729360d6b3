"""``dsbench prepare``: Steps 4 and 5 with trtexec."""
