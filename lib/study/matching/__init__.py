"""The chapter on matching."""
