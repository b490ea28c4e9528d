"""Print what commands answer, and what their options are."""
