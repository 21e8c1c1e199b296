"""Two proportions: counts, tests, intervals."""
