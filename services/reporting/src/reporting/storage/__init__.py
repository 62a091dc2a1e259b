"""What reporting keeps in its own PostgreSQL schema: releases, their steps and the audit log."""

from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The steps of this service's schema, for `kokemus.migrations.migrate`."""
