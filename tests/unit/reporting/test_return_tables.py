from collections.abc import Iterator

from reporting.domain.return_tables import foreign


def test_of_rows_that_are_not_ones_own_all_are_counted_and_few_are_named() -> None:
    asked: list[str] = []

    def is_own(subject: str) -> bool:
        asked.append(subject)
        return subject == "terveys"

    def rows() -> Iterator[tuple[int, str]]:
        for line in range(2, 100_002):
            yield line, "terveys" if line % 2 else "kirjastot"

    found = foreign(rows(), is_own, 3)
    assert found == (100_000, 50_000, [2, 4, 6])
    assert sorted(asked) == ["kirjastot", "terveys"], "each entity is looked up once"
