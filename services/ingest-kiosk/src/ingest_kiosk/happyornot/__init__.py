"""Polls the kiosk vendor HappyOrNot's customer API v2 and sends what residents pressed."""
