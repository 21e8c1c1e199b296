"""JupyterLab reads like the paper: numbers, references and captions from the running chapter."""
