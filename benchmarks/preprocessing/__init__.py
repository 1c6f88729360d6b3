"""Which evidence about preprocessing is to be believed: measured on real models whose true feeding is known.

``python -m benchmarks.preprocessing --models DIR --videos DIR --cache DIR [--table]``; see docs/preprocessing.md.
"""
