"""From results to numbers in prose, tables, figures and pages."""
