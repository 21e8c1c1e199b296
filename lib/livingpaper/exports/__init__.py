"""The paper for machines."""
