import pytest

from kokemus_platform import database


@pytest.mark.parametrize("driver", ["", "+psycopg"])
def test_the_plain_address_names_no_driver(driver: str) -> None:
    url = f"postgresql{driver}://u:p%40w@host:5432/db?sslmode=require"
    assert database.plain(url) == "postgresql://u:p%40w@host:5432/db?sslmode=require"
