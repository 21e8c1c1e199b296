"""From chapters to pages, cached and whole."""
