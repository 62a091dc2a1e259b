from alembic.config import Config
from alembic.script import ScriptDirectory

from reporting.storage import MIGRATIONS


def test_the_migrations_are_one_chain() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
