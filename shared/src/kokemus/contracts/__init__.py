"""The contracts: every event type, topic, code list and example that Kokemus exchanges.

`events` holds the shapes, `topics` where they travel, `codes` the closed lists, `wire` reads and
writes them, `asyncapi` turns all of it into documents. Everything else imports from here.
"""
