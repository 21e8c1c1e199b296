"""The order of the analysis: cohort, matching, outcomes, sensitivity.

This package is the only place that knows the order and the only one that unpacks a ``Protocol``; every
function elsewhere takes plain arguments. ``python -m headtohead.study`` runs the whole paper and writes
``results/ledger.csv``.
"""
