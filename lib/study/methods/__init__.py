"""The chapter on methods."""
