"""Readers and contract of the data."""
