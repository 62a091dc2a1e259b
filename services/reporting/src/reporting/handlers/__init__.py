"""Translates HTTP to the domain and the stores and back; decides nothing."""
