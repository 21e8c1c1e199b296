"""The chapter on evidence."""
