"""Decoded frames: decoder, frame, nvstreammux."""
