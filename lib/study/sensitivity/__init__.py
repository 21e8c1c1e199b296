"""The chapter on sensitivity."""
