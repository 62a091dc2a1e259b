"""The archive of raw events: every record of the counted topics as Parquet, read back when needed.

A record that no contract can read may hold personal data: it lies among the dead letters, which
expire, and is archived without key, value and headers.
"""
