"""Contracts and plumbing that every Kokemus service imports."""
