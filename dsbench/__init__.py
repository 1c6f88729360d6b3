"""dsbench: is a detector's DeepStream import right, and how many real-time streams will it carry?

PYTEST_DONT_REWRITE: ``dsbench ci`` imports dsbench before it starts pytest, which would warn of it.
"""

__version__ = "0.1.0"
