"""The chapter on real cohorts."""
