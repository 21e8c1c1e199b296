"""Chapters that do the work: what their cells may call, and how they are run."""
