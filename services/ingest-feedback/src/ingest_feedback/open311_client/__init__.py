"""Polls a feedback system that speaks Open311 GeoReport v2, and sends what it tells as codes."""
