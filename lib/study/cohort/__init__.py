"""The chapter on cohort."""
