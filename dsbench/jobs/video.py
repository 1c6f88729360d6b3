"""The video of the visual check (6f): the embedded runtime writes it, the check reads its frames."""

CODEC = "vp9"
ENCODER = "libvpx-vp9"
"""FFmpeg's name of the encoder."""
