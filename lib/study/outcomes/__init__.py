"""The chapter on outcomes."""
