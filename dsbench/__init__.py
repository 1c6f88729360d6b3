"""dsbench: is a detector's DeepStream import right, and how many real-time streams will it carry?"""

__version__ = "0.1.0"
