"""Translators between the outside and the domain: topics and HTTP."""
