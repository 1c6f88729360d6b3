"""Accuracy against ground truth: which frames and classes belong together, mAP, the run's own errors, the verdict."""
