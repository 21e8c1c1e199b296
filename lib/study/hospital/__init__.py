"""A hospital's own cohort: its table read, its columns made ours, and everything that is wrong with it named at once."""
