"""What Sphinx and the chapters need: roles, figures, tables, marks."""
