"""Polls a registry or an ombudsperson's system that gives its cases as pages of events."""
