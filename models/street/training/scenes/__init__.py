"""Procedural road scenes with exact ground truth; needs NumPy and OpenCV, nothing else."""
