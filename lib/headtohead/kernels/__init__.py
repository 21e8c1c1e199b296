"""The arithmetic under the estimators: arrays in, arrays out, many resamples at once.

Data frames, names and sentences about patients belong to the functions above; here is only what bootstraps, simulations
and specification curves repeat.
"""

import numpy as np

Array = np.ndarray  # of any shape and kind: docstrings say which
