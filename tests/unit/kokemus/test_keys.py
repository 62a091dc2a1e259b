"""API keys: who gets in, and when a change of the file takes effect."""

from pathlib import Path

import msgspec
import pytest

from kokemus import keys
from kokemus.keys import Key, Keys
from kokemus.problems import Problem


def write(path: Path, *entries: Key) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode({"keys": entries}))
    temporary.replace(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_created_key_is_found_by_its_token(file: Path) -> None:
    token, key = keys.create("vendor", types=["kiosk.pressed.v1"], sources=["happyornot"])
    write(file, key)
    assert Keys(file).find(token) == key


def test_the_file_does_not_hold_the_token(file: Path) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    write(file, key)
    assert token.rpartition("_")[2] not in file.read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.replace("vendor", "other"),
        lambda token: token.replace("vendor", "nobody"),
        lambda token: token + "x",
        lambda token: token.removeprefix("kok_"),
        lambda token: token + "\n",
        lambda _: "",
        lambda _: "kok_vendor_",
    ],
)
def test_a_wrong_or_foreign_token_is_nobodys(file: Path, spoil: object) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    _, other = keys.create("other", types=["*"], sources=["*"])
    write(file, key, other)
    assert callable(spoil)
    assert Keys(file).find(spoil(token)) is None


def test_a_revoked_key_is_refused_from_then_on(file: Path) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    _, other = keys.create("other", types=["*"], sources=["*"])
    write(file, key, other)
    known = Keys(file)
    assert known.find(token) is not None
    write(file, other)
    assert known.find(token) is None


def test_a_key_added_later_is_good_at_once(file: Path) -> None:
    write(file)
    known = Keys(file)
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    write(file, key)
    assert known.find(token) == key


def test_a_spoilt_file_keeps_the_last_keys(file: Path) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    write(file, key)
    known = Keys(file)
    file.write_text("{")
    assert known.find(token) == key
    file.unlink()
    assert known.find(token) == key


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"id": "a b", "sha256": ""}]}'])
def test_a_service_does_not_start_on_a_spoilt_file(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(ValueError, match="keys file"):
        Keys(file)


def test_a_service_does_not_start_without_its_file(file: Path) -> None:
    with pytest.raises(ValueError, match="keys file"):
        Keys(file)


@pytest.mark.parametrize("header", [None, "", "Basic {}", "{}", "Bearer", "Bearer  x"])
def test_only_a_bearer_token_opens(file: Path, header: str | None) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    write(file, key)
    with pytest.raises(Problem) as caught:
        Keys(file).of_header(header.format(token) if header else header)
    assert caught.value.status == 401


def test_the_scheme_is_read_without_regard_to_case(file: Path) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    write(file, key)
    assert Keys(file).of_header(f"bearer {token}") == key


def test_only_a_key_with_read_may_read(file: Path) -> None:
    token, key = keys.create("vendor", types=["*"], sources=["*"])
    reading_token, reading = keys.create("desk", types=[], sources=[], read=True)
    write(file, key, reading)
    known = Keys(file)
    assert known.reader(f"Bearer {reading_token}") == reading
    with pytest.raises(Problem) as caught:
        known.reader(f"Bearer {token}")
    assert caught.value.status == 403


@pytest.mark.parametrize("key_id", ["", "a_b", "ä", "a" * 65])
def test_an_id_that_would_not_be_found_is_not_made(key_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        keys.create(key_id, types=[], sources=[])
