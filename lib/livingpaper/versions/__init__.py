"""Versions, their differences, the site."""
