"""The arithmetic under the estimators: arrays in, arrays out, many resamples at once.

Data frames, names, checks of what a caller gave and sentences about it belong to the functions above; here
is only what bootstraps, simulations and specification curves repeat.
"""
