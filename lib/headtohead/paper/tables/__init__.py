"""The tables, one module per chapter; each function takes results and returns a ``Sheet``."""
