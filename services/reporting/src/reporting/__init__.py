"""Publishes frozen releases: desk, public pages and embeds."""
