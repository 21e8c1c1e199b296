"""Every number of a paper, what it may say, and how it moved."""
