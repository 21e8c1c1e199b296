"""The charts, one module per chapter; each function takes results and returns a ``Drawing``."""
