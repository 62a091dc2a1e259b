"""The rules of statutory cases, as pure functions."""
