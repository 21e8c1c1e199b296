"""What turns a Jupyter Book into a living paper; no medicine, no study."""
