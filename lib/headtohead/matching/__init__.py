"""Making the arms comparable."""
