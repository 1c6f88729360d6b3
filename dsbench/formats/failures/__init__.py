"""Failure texts of deepstream-app, gst-launch-1.0 and trtexec: three tables, one matcher."""
