"""What the OpenAPI document says of `POST /v1/imports`."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from kokemus import problems

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_REJECTED: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["line", "column", "detail"],
        "properties": {
            "line": {"type": "integer", "minimum": 1, "description": "As an editor counts."},
            "column": {"type": ["string", "null"]},
            "detail": {"type": "string", "description": "Never holds a value of the file."},
        },
    },
}
_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["rows", "accepted", "rejected"],
    "properties": {
        "rows": {"type": "integer", "minimum": 0, "description": "Without header and empty rows."},
        "accepted": {"type": "integer", "minimum": 0, "description": "Repeats included."},
        "rejected": _REJECTED,
    },
}
_WITH_REJECTED: Final[dict[str, Any]] = {
    **problems.SCHEMA,
    "properties": {**problems.SCHEMA["properties"], "rejected": _REJECTED},
}
_DESCRIPTION: Final = """\
The first row names the columns: `subject`, `time` and the fields of the event's data, without a \
prefix, in any order. Where a kind has `as_of` or `answered_at`, `time` may be left out. Where a \
kind has several event types (single cases and summaries, feedback and answers), the header tells \
which one its rows become; `type` names it, as it must where feedback is updated or withdrawn.

Lists stand in one cell, separated by spaces, commas, semicolons or bars, or in numbered columns \
such as `counts_0`. A list of codes may also have a column for each code, such as \
`used_where_management`, with a mark (`x`, `1`, `yes`) or 0. A game's measures and actions are \
written `theme:column` and `method:role:due:metric`, a survey's questions \
`question_id:family:scale`, or as JSON.

A column that names no field is reported and passed over, or refuses the file where statutory \
cases are taken in. A table that has shifted against its header is refused as a whole.

CSV is separated by semicolons, commas or tabs, in UTF-8, UTF-16 with a byte order mark, or \
Windows-1252; the first sheet of a workbook is read, and of formulas their saved results. Numbers \
have a decimal point or comma; days are `2018-01-31`, `31.1.2018` or Excel's own.

A time without an offset is by the city's clocks: the hour that autumn has twice counts as the \
first of the two, and a time that spring leaves out is read by the offset before it.

A row's id is a hash of its source, what it says, and its ordinal among equal rows of the file: \
the same file changes nothing when it comes again, and a longer export adds only what is new. \
Rows with a column `id` keep theirs. The good rows are taken, the others listed, 10,000 at most; \
with `dry_run=true` nothing is taken. After a 503, send the file again."""


def operations(
    path: str, template_path: str, kinds: Sequence[str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation with its path and method.

    Args:
        path: where files are sent.
        template_path: where empty tables are got.
        kinds: of files that the service takes.
    """
    kind = _parameter("kind", {"enum": list(kinds)}, "What a row is.")
    identifier = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"}
    yield (
        path,
        "post",
        {
            "tags": ["imports"],
            "summary": "Send a table: CSV or Excel.",
            "description": _DESCRIPTION,
            "operationId": "import_table",
            "security": [{"key": []}],
            "parameters": [
                kind,
                _parameter("source", identifier, "The source system, as in its events."),
                _parameter("dry_run", {"enum": ["true", "false"]}, "Only judge.", required=False),
                _parameter(
                    "type", {}, "One of the kind's event types; else by the header.", required=False
                ),
            ],
            "requestBody": {
                "required": True,
                "content": {
                    CSV: {"schema": {"type": "string"}},
                    XLSX: {"schema": {"type": "string", "format": "binary"}},
                },
            },
            "responses": {
                "200": {
                    "description": "Read, and the good rows taken unless it was a dry run.",
                    "content": {"application/json": {"schema": _ANSWER}},
                },
                "400": problems.described("A parameter is wrong, or the file cannot be read."),
                "401": problems.described("No key, or one that is unknown or revoked."),
                "403": problems.described("The key does not cover the file.", _WITH_REJECTED),
                "408": problems.described("The body took too long."),
                "413": problems.described("More than 20 MiB, or unpacked more than 200 MiB."),
                "415": problems.described("Neither CSV nor an Excel workbook (.xlsx)."),
                "422": problems.described("The header does not fit the table.", _WITH_REJECTED),
                "503": {
                    **problems.described("Kafka did not confirm all, or there is no room."),
                    "headers": {
                        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
                    },
                },
            },
        },
    )
    yield (
        template_path,
        "get",
        {
            "tags": ["imports"],
            "summary": "An empty table of a kind, for a spreadsheet.",
            "operationId": "import_template",
            "parameters": [
                kind,
                _parameter(
                    "type", {}, "One of the kind's event types; else its first.", required=False
                ),
            ],
            "responses": {
                "200": {
                    "description": "The header; a workbook has a second sheet with the codes.",
                    "content": {
                        CSV: {"schema": {"type": "string"}},
                        XLSX: {"schema": {"type": "string", "format": "binary"}},
                    },
                },
                "400": problems.described("The kind or type is none of this service."),
                "422": problems.described("The query holds a NUL."),
            },
        },
    )


def _parameter(
    name: str, schema: dict[str, Any], description: str, *, required: bool = True
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": "string", **schema},
    }
