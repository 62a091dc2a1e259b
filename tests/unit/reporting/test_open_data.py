import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyshacl
import pytest
from rdflib import Graph

import support
from reporting.domain.catalogue import catalogue
from reporting.domain.drafting import METRICS
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES
from reporting.domain.open_data import NAMES, OF_FIGURES, as_csv, as_json, figures, rows
from reporting.domain.releases import Break, Change, Figure, Note, Release, Step, Text
from reporting.texts import Texts
from support.every_figure import every_figure
from support.release_builders import SPAN, content, entity, live, text, whole_month, without

LANGUAGES = Texts().languages
SHAPES = Path(support.__path__[0]) / "dcat_ap" / "shapes.ttl"
BASE = "https://kokemus.example"
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")


def figure(metric: str, value: float | None = 3, status: str = "ok", **dimension: str) -> Figure:
    return Figure(metric, "kallio", "web_feedback", None, None, whole_month(1), value, None, status,
                  [], [], f"{metric}/1", dimension=dimension)  # fmt: skip


def edition(*more: Figure, **names: str) -> Edition:
    made = content(
        live(rounded=87, change=Change(-2, "worse", "ok")),
        live("satisfied_share", None, status="below_min_n"),
        entities=(entity(names=text(**names)) if names else entity(),),
    )
    figures = [*made.figures, *more]
    return Edition("public-monthly.2026-12.0123456789ab", without(made, figures=figures))


def table(made: Edition, dataset: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(made, dataset).decode("utf-8-sig"))))


def test_every_figure_of_a_release_is_in_one_dataset() -> None:
    names = [*METRICS, "mean_likert5", "feedback_count", "answered_in_promise_share",
             "praise_share", "complaint_count", "ombudsman_contacts", "participation_volume",
             "participation_coverage", "measurement_staleness"]  # fmt: skip
    made = edition(*(figure(name) for name in names))
    told = [one for name in OF_FIGURES for one in figures(made, name)]
    assert sorted(map(id, told)) == sorted(map(id, made.content.figures))


def test_csv_and_json_say_what_the_release_says() -> None:
    made = edition(figure("feedback_count", 12, kind="moite"))
    for name in ("experience", "feedback"):
        of_json = json.loads(as_json(made, name))["figures"]
        for row, one in zip(table(made, name), of_json, strict=True):
            assert row["value"] == ("" if one["value"] is None else str(one["value"]))
            assert (row["metric"], row["status"]) == (one["metric"], one["status"])
            assert (row["period_from"], row["period_to"]) == (
                one["period"]["from"], one["period"]["to"],
            )  # fmt: skip
    assert table(made, "feedback")[0]["dimension"] == "kind=moite"


def test_every_cell_of_a_table_says_what_the_release_says() -> None:
    made = Edition("public-monthly.2026-12.0123456789ab", every_figure())
    for name in OF_FIGURES:
        for row, one in zip(table(made, name), figures(made, name), strict=True):
            change, ends, names = one.change, one.range, made.entities[one.entity].names
            assert row == {column: "" if value is None else str(value) for column, value in {
                "metric": one.metric, "definition": one.definition, "entity": one.entity,
                "entity_kind": made.entities[one.entity].kind, "entity_name_fi": names.fi,
                "entity_name_sv": names.sv, "entity_name_en": names.en, "channel": one.channel,
                "scale": one.scale, "family": one.family,
                "dimension": ";".join("=".join(pair) for pair in sorted(one.dimension.items())),
                "period_from": one.period.first, "period_to": one.period.last,
                "grain": one.period.grain, "value": one.value, "low": ends and ends.low,
                "high": ends and ends.high, "n": one.n, "status": one.status,
                "flags": ";".join(one.flags), "bias_notes": ";".join(one.bias_notes),
                "change": change and change.value, "change_verdict": change and change.verdict,
                "change_status": change and change.status, "reported_as_of": None,
                "reported_source": None, "release": made.id,
            }.items()}  # fmt: skip


def test_every_code_of_a_release_is_in_its_code_book_with_a_name() -> None:
    made = Edition("public-monthly.2026-12.0123456789ab", every_figure())
    book = {(row["list"], row["code"]): row for row in table(made, "code-book")}
    for one in made.content.figures:
        used = {"metric": one.metric, "status": one.status, "grain": one.period.grain,
                "scale": one.scale or "smiley4", "family": one.family or "overall"}  # fmt: skip
        for code in used.items():
            assert all(book[code][f"name_{one}"] for one in CODES), code


def test_breaks_and_notes_are_tables_of_their_own() -> None:
    note = Note("heard", "kallio", date(2026, 2, 2), Text("=Jono", "Kö", "Queue"), "nps")
    mark = Break("kallio", date(2026, 3, 1), "nps", "kiosk", "breaks", Text("Uusi", "Ny", "New"))
    made = Edition("r1", without(edition().content, notes=[note], breaks=[mark]))
    (row,) = table(made, "notes")
    assert (row["kind"], row["day"], row["metric"], row["text_fi"], row["text_sv"]) == (
        "heard", "2026-02-02", "nps", "'=Jono", "Kö",
    )  # fmt: skip
    (row,) = table(made, "breaks")
    assert (row["date"], row["kind"], row["what_en"]) == ("2026-03-01", "breaks", "New")
    assert json.loads(as_json(made, "breaks"))["rows"][0]["date"] == "2026-03-01"


def test_a_missing_figure_is_empty_and_has_its_status() -> None:
    row = next(one for one in table(edition(), "experience") if one["metric"] == "satisfied_share")
    assert (row["value"], row["n"], row["status"]) == ("", "", "below_min_n")


@pytest.mark.parametrize("name", ["=1+1", "+358", "-x", "@sum", "\tx"])
def test_a_name_is_no_formula_in_a_spreadsheet_and_a_negative_number_stays_one(name: str) -> None:
    row = table(edition(fi=name), "experience")[0]
    assert row["entity_name_fi"] == f"'{name}"
    assert row["change"] == "-2"


def test_the_code_book_explains_every_metric_and_the_organisation_every_entity() -> None:
    made = edition()
    codes = {(row["list"], row["code"]) for row in table(made, "code-book")}
    assert {("metric", "happy_index"), ("channel", "kiosk"), ("status", "below_min_n")} <= codes
    assert [row["id"] for row in rows(made, "organisation")[1]] == ["kallio"]


def test_the_catalogue_validates_by_the_shapes_of_dcat_ap_3() -> None:
    made = edition()
    steps = tuple(
        Step(state, "aino", datetime(2026, 11, 23, tzinfo=UTC)) for state in ("draft", "published")
    )
    releases = [
        Release(made.id, "public-monthly", *SPAN, "sha256:0", steps),
        Release("public-monthly.2018-12.00", "public-monthly", date(2016, 1, 1), date(2018, 12, 31),
                "sha256:1", steps),
    ]  # fmt: skip
    told = json.dumps(catalogue(made, releases, LANGUAGES, BASE))
    graph = Graph().parse(data=told, format="json-ld")
    conforms, _, report = pyshacl.validate(graph, shacl_graph=Graph().parse(SHAPES))
    assert conforms, report
    assert len(list(graph.query(
        "SELECT ?d WHERE { ?c a dcat:Catalog; dcat:dataset ?d . ?d dcat:distribution ?x }",
        initNs={"dcat": "http://www.w3.org/ns/dcat#"},
    ))) == 2 * len(NAMES)  # fmt: skip
    assert len(list(graph.query(
        "SELECT ?v WHERE { ?v prov:wasRevisionOf ?before; prov:generatedAtTime ?t ."
        " ?before prov:generatedAtTime ?then }", initNs={"prov": "http://www.w3.org/ns/prov#"},
    ))) == len(NAMES)  # fmt: skip


def test_a_catalogue_without_titles_does_not_validate() -> None:
    told = catalogue(edition(), [], LANGUAGES, BASE)
    for one in told["dcat:dataset"]:
        del one["dct:title"]
    graph = Graph().parse(data=json.dumps(told), format="json-ld")
    assert not pyshacl.validate(graph, shacl_graph=Graph().parse(SHAPES))[0]
