"""What PostgreSQL keeps, behind stores that return domain objects."""

from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""The steps of this service's schema, for `kokemus.migrations.migrate`."""
