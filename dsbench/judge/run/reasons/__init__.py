"""One module for each reason against a run, named as its code: the rule ``find``, its thresholds, its text."""
