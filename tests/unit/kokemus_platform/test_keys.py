"""The keys commands, on a file of their own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kokemus.keys import Keys
from kokemus_platform.keys import commands


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def run(file: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, [*arguments, "--file", str(file)])
    return result.exit_code, result.stdout.strip()


def add(file: Path, key_id: str) -> str:
    code, token = run(
        file, "add", key_id, "--type", "kiosk.pressed.v1", "--source", "vendor", "--subtree", "sote"
    )
    assert code == 0
    return token


def test_an_added_key_opens_what_its_scopes_say(file: Path) -> None:
    token = add(file, "vendor-1")
    key = Keys(file).find(token)
    assert key is not None
    assert key.may_send("kiosk.pressed.v1")
    assert not key.may_send("entity.defined.v1")
    assert key.may_speak_for("vendor")
    assert (key.subtree, key.read) == ("sote", False)


def test_the_file_holds_no_token_and_is_its_owners_alone(file: Path) -> None:
    token = add(file, "vendor-1")
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_revoked_key_opens_nothing_and_the_others_still_do(file: Path) -> None:
    first, second = add(file, "vendor-1"), add(file, "vendor-2")
    served = Keys(file)
    assert served.find(first)
    assert run(file, "revoke", "vendor-1") == (0, "Revoked.")
    assert served.find(first) is None
    assert served.find(second) is not None


def test_a_list_names_scopes_and_no_hash(file: Path) -> None:
    token = add(file, "vendor-1")
    key = Keys(file).find(token)
    assert key is not None
    code, listed = run(file, "list")
    assert code == 0
    assert "vendor-1" in listed
    assert "sote" in listed
    assert key.sha256 not in listed


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "vendor"],
        ["add", "vendor", "--type", "kiosk.pressed.v1"],
        ["add", "vendor", "--source", "vendor"],
        ["add", "vendor", "--type", "kiosk.pressed.v9", "--source", "vendor"],
        ["add", "vendor", "--type", "*", "--source", "the vendor"],
        ["add", "ven dor", "--read"],
    ],
)
def test_a_key_that_could_do_nothing_is_wrong_use(file: Path, arguments: list[str]) -> None:
    assert run(file, *arguments)[0] == 2
    assert not file.exists()


def test_an_id_is_given_once_and_an_unknown_one_is_said_to_be_so(file: Path) -> None:
    add(file, "vendor-1")
    assert run(file, "add", "vendor-1", "--read")[0] == 1
    assert run(file, "revoke", "vendor-9")[0] == 1


def test_a_file_that_is_no_keys_file_stays_as_it_was(file: Path) -> None:
    file.write_text('{"people": []}')
    assert run(file, "add", "vendor-1", "--read")[0] == 1
    assert file.read_text() == '{"people": []}'
