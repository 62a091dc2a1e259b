"""The schema of metrics, step by step; each step works with the code that is already running."""
