"""What changes between versions of the paper, and how a version is frozen, published and checked."""
