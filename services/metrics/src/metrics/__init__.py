"""Counts every event exactly once and serves the figures."""
