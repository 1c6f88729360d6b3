"""Detector families: one module says how to recognise, decode and configure one family."""
