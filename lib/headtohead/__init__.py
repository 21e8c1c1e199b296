"""Compare two drugs head to head in hospital records.

The folders are the chapters of the paper and the data flow one way:
cohort -> matching -> outcomes -> sensitivity -> study -> paper.
"""

from importlib.metadata import version

__version__ = version("headtohead")
