"""What happened, and how sure that is."""
