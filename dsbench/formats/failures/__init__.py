"""Failure texts of deepstream-app, GStreamer and trtexec, and what each means."""
