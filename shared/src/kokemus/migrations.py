"""Brings a service's schema in the database up to date. Needs the extra `kokemus[database]`."""

from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config


def migrate(database_url: str, steps: Path, until: str = "head") -> None:
    """Runs the migrations that the database lacks; one at a time, whoever else tries.

    Args:
        database_url: of the role whose search path is the service's schema.
        steps: the service's folder of Alembic migrations.
        until: the last of them to run.
    """
    config = Config()
    config.set_main_option("script_location", str(steps).replace("%", "%%"))
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(
                sqlalchemy.text("SELECT pg_advisory_lock(hashtext('kokemus.migrate'))")
            )
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, until)
            connection.commit()
    finally:
        engine.dispose()
