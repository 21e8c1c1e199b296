"""The chapter on the cohort: published counts, and who is analysed."""
