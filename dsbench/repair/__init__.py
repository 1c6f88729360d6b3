"""``dsbench fix``: what is wrong with a model directory, the smallest change that fixes it, measured on a copy."""
