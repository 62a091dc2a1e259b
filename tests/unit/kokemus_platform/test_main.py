"""What the command line says before anything runs."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kokemus_platform.home import Home, Wish
from kokemus_platform.main import commands
from kokemus_platform.processes import PartFailedError
from kokemus_platform.starting import start


@pytest.mark.parametrize("address", ["nonsense", ":9092", "host:", "host:port", "host:99999"])
def test_a_broker_without_host_or_port_is_wrong_use(address: str) -> None:
    result = CliRunner().invoke(commands, ["up", "--kafka", address])
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("url", ["mysql://host/x", "postgresql", "postgresql://["])
def test_an_address_of_no_postgresql_is_wrong_use(url: str) -> None:
    result = CliRunner().invoke(commands, ["up", "--database", url])
    assert result.exit_code == 2, result.output


def test_a_state_folder_that_is_a_file_fails_the_start_with_its_name(tmp_path: Path) -> None:
    home = Home(tmp_path / "file")
    home.path.touch()
    with pytest.raises(PartFailedError, match=str(home.path)):
        start(home, Wish(), detach=True)


@pytest.mark.parametrize(("command", "code"), [("status", 3), ("down", 0)])
def test_a_state_folder_that_is_a_file_holds_no_platform(
    command: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("KOKEMUS_HOME", str(file))
    result = CliRunner().invoke(commands, [command])
    assert result.exit_code == code, result.output
