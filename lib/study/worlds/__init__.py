"""The synthetic worlds."""
