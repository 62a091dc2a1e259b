"""CSV and Excel files read into rows, hostile ones refused."""

import csv
import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from kokemus.imports import delimited, workbooks
from kokemus.imports.tables import Row, TooLarge, Unreadable, Unusable
from support.tables import part_of, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
WORDS = {"subject", "time", "value"}


def csv_rows(content: bytes, charset: str | None = None) -> list[tuple[int, list[Any]]]:
    known = delimited.read(content, lambda header: len(WORDS & set(header)), charset)
    return [(row.line, list(row.cells)) for row in known]


def excel_rows(content: bytes) -> list[tuple[int, list[Any]]]:
    return [(row.line, list(row.cells)) for row in workbooks.read(content)]


def sheet_xml(rows: str) -> bytes:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/'
        f'spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


def with_sheet(xml: bytes) -> bytes:
    return with_part(workbook([["a"]]), SHEET, xml)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_whatever_it_is_separated_by_and_encoded_in(
    delimiter: str, encoding: str
) -> None:
    text = delimiter.join(["subject", "value"]) + "\r\n" + delimiter.join(["päivä", "å"]) + "\r\n"
    assert csv_rows(text.encode(encoding)) == [
        (1, ["subject", "value"]),
        (2, ["päivä", "å"]),
    ]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = b'\n\nsubject;value\n\n"two\nlines";1\n;\nlast;2\n'
    assert csv_rows(text) == [
        (3, ["subject", "value"]),
        (5, ["two\nlines", "1"]),
        (8, ["last", "2"]),
    ]


def test_excels_own_hint_of_the_delimiter_is_no_header() -> None:
    assert csv_rows(b"sep=;\r\nsubject;value\r\na;1\r\n")[0] == (2, ["subject", "value"])


def test_decimal_commas_do_not_make_a_comma_the_delimiter() -> None:
    assert csv_rows(b"subject;value\na;86,5\n")[1] == (2, ["a", "86,5"])


def test_a_named_character_set_is_believed() -> None:
    text = "subject;value\nå;1\n".encode("iso-8859-1")
    assert csv_rows(text, "ISO-8859-1")[1] == (2, ["å", "1"])


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("subject;value\nå;1\n".encode() + b"\xe4\n", None),
        (b"subject;value\n\xe4;1\n", "utf-8"),
        (b"subject;value\n\x81;1\n", None),
        (b"subject;value\na;1\n", "ebcdic"),
        (b"\xff\xfes\x00u", "utf-8"),
        (b"PK\x03\x04....", None),
        (b"\xd0\xcf\x11\xe0....", None),
    ],
)
def test_an_encoding_that_is_mixed_unknown_or_another_is_refused(
    content: bytes, charset: str | None
) -> None:
    with pytest.raises(Unreadable):
        csv_rows(content, charset)


def test_a_quote_without_end_is_told_with_the_line_where_it_begins() -> None:
    with pytest.raises(Unreadable) as caught:
        csv_rows(b'subject;value\na;1\nb;"2\nc;3\n')
    assert caught.value.line == 3


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        csv_rows(b"subject;value\n" + b";" * 2_000_000)


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff")),
            min_size=2,
            max_size=4,
        ),
        max_size=5,
    ),
    st.sampled_from(";,\t"),
)
def test_what_a_csv_writer_writes_is_read_again(table: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["subject", "value"], *table])
    rows = csv_rows(text.getvalue().encode())
    filled = [cells for cells in table if any(cell.strip() for cell in cells)]
    assert [cells for _, cells in rows[1:]] == filled


@pytest.mark.parametrize("date_1904", [False, True])
def test_excel_cells_keep_their_types(date_1904: bool) -> None:  # noqa: FBT001 - a parameter
    content = workbook(
        [
            ["subject", "time"],
            [],
            ["kallio", datetime(2018, 1, 31, 14, 30), 3, 86.5, True, "007"],  # noqa: DTZ001
            [date(2018, 1, 31), None, "x"],
        ],
        date_1904=date_1904,
    )
    moment, midnight = datetime(2018, 1, 31, 14, 30), datetime(2018, 1, 31)  # noqa: DTZ001
    assert excel_rows(content) == [
        (1, ["subject", "time"]),
        (3, ["kallio", moment, 3, 86.5, True, "007"]),
        (4, [midnight, None, "x"]),
    ]


def test_of_formulas_the_saved_result_is_read_and_a_missing_one_told() -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_formula(0, 0, "=1+1", None, 2)
    sheet.write_formula(0, 1, '="a"', None, "a")
    sheet.write_formula(0, 2, "=1/0", None, "#DIV/0!")
    book.close()
    unsaved = Workbook()
    unsaved.active.append(["=1+1"])
    other = io.BytesIO()
    unsaved.save(other)
    assert excel_rows(buffer.getvalue())[0][1][:2] == [2, "a"]
    assert isinstance(excel_rows(buffer.getvalue())[0][1][2], Unusable)
    assert isinstance(excel_rows(other.getvalue())[0][1][0], Unusable)


def test_openpyxl_files_with_inline_texts_and_times_are_read() -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["subject", time(14, 30)])
    buffer = io.BytesIO()
    book.save(buffer)
    assert excel_rows(buffer.getvalue()) == [(1, ["subject", time(14, 30)])]


def test_the_first_sheet_that_is_not_hidden_is_read() -> None:
    book = Workbook()
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet().append(["shown"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert excel_rows(buffer.getvalue()) == [(1, ["shown"])]


def test_rich_text_is_read_as_one_text() -> None:
    strings = b"<sst><si><r><t>ter</t></r><r><t>veys</t></r><rPh><t>no</t></rPh></si></sst>"
    assert excel_rows(with_part(workbook([["a"]]), STRINGS, strings)) == [(1, ["terveys"])]


def zip_of(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(workbook([["a"]]), "xl/media/image1.png", bytes(201 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    with pytest.raises(TooLarge):
        excel_rows(bomb)


def test_texts_that_would_fill_the_memory_are_refused() -> None:
    strings = b"<sst>" + b"<si><t>ab</t></si>" * 2_000_000 + b"</sst>"
    with pytest.raises(TooLarge):
        excel_rows(with_part(workbook([["a"]]), STRINGS, strings))


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml"])
def test_xml_entities_are_refused_in_every_part(part: str) -> None:
    content = workbook([["a"]])
    xml = part_of(content, part)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    start = xml.index(b"?>") + 2
    with pytest.raises(Unreadable, match="DOCTYPE"):
        excel_rows(with_part(content, part, xml[:start] + bomb + xml[start:]))


DEEP = b"<a>" * 100_000
LONG_NAME = b"<worksheet><" + b"a" * 5_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip at all",
        zip_of(a=b"x"),
        workbook([["a"]])[:-30],
        with_sheet(b"<worksheet><sheetData><row>"),
        with_sheet(DEEP),
        with_sheet(LONG_NAME),
        with_sheet(sheet_xml('<row r="2"/><row r="1"><c><v>1</v></c></row>')),
        with_sheet(sheet_xml('<row r="99999999999"><c><v>1</v></c></row>')),
        with_sheet(sheet_xml('<row r="1"><c r="XFD1"><v>1</v></c></row>')),
        with_sheet(sheet_xml("<row>" + "<c><v>1</v></c>" * 501 + "</row>")),
        with_sheet(sheet_xml("<row><c><v>" + "1" * 40_000 + "</v></c></row>")),
        with_sheet(b'<?xml version="1.0" encoding="klingon"?><worksheet/>'),
    ],
    ids=range(13),
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        excel_rows(content)


@pytest.mark.parametrize(
    "cell",
    [
        "<c><v>nan</v></c>",
        "<c><v>1e999</v></c>",
        "<c><v>x</v></c>",
        "<c><v>" + "9" * 50 + "</v></c>",
        '<c t="s"><v>99</v></c>',
        '<c t="s"><v>-1</v></c>',
        '<c t="e"><v>#REF!</v></c>',
        '<c t="unheard"><v>1</v></c>',
    ],
)
def test_a_cell_that_cannot_be_read_is_told_and_its_neighbour_kept(cell: str) -> None:
    ((_, cells),) = excel_rows(with_sheet(sheet_xml(f"<row>{cell}<c><v>7</v></c></row>")))
    assert isinstance(cells[0], Unusable)
    assert cells[1] == 7


WHOLE = workbook([["subject", "value"], ["a", 1.5]])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1))
def test_no_damage_to_a_workbook_brings_the_reader_down(damage: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, byte in damage:
        content[place] = byte
    try:
        rows = list(workbooks.read(bytes(content)))
    except (Unreadable, TooLarge):
        return
    assert all(isinstance(row, Row) for row in rows)


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "utf-16", "windows-1252"]))
def test_no_bytes_bring_the_csv_reader_down(content: bytes, charset: str | None) -> None:
    try:
        rows = csv_rows(content, charset)
    except Unreadable:
        return
    assert all(line > 0 and cells for line, cells in rows)
