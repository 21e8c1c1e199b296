"""The choices of the analysis."""
