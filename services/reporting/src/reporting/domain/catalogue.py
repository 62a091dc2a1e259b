"""The catalogue of open data by DCAT-AP 3, as JSON-LD.

Source: https://semiceu.github.io/DCAT-AP/releases/3.0.1/.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final

from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, N_, Code, Language
from reporting.domain.open_data import FORMATS, LICENCE, NAMES, as_csv, as_json
from reporting.domain.releases import Release

MEDIA_TYPE: Final = "application/ld+json"
MEDIA_TYPES: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_EU: Final = "http://publications.europa.eu/resource/authority"
_IANA: Final = "https://www.iana.org/assignments/media-types"
_LANGUAGES: Final[Mapping[Code, str]] = {"fi": "FIN", "sv": "SWE", "en": "ENG"}
_TITLE: Final = N_("Kokemus: asiakaskokemus ja osallisuus kaupungin palveluissa")
_ABOUT: Final = N_(
    "Miten asukkaat kokevat kaupungin palvelut ja miten he pääsevät vaikuttamaan niihin. Pieniä"
    " lukuja on piilotettu, jotta ketään ei voi tunnistaa."
)
_ABOUT_DATASET: Final = N_(
    "Pyöristetyt luvut sellaisina kuin ne on julkaistu. Puuttuva luku ei ole nolla: sarake status"
    " kertoo syyn."
)
_PUBLISHER: Final = N_("Helsingin kaupunki")
_CONTEXT: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_THEME: Final = {
    "@id": f"{_EU}/data-theme/GOVE",
    "@type": "skos:Concept",
    "skos:prefLabel": {"@value": "Government and public sector", "@language": "en"},
}


def catalogue(
    edition: Edition,
    releases: Sequence[Release],
    languages: Mapping[Code, Language],
    base_url: str,
) -> dict[str, Any]:
    """The catalogue of the datasets of a release.

    Args:
        edition: what is published now.
        releases: every public release of its kind that can still be fetched, the newest first.
        languages: the words.
        base_url: the public address, without a slash at its end.
    """
    here = f"{base_url}/open-data/"
    named = {one.id: one for one in releases}
    published = named[edition.id].when("published") if edition.id in named else None
    older = dict(pairwise(one.id for one in releases))
    return {
        "@context": _CONTEXT,
        "@id": here,
        "@type": "dcat:Catalog",
        "dct:title": _said(languages, _TITLE),
        "dct:description": _said(languages, _ABOUT),
        "dct:publisher": _publisher(languages, base_url),
        "dct:language": [
            _id(f"{_EU}/language/{_LANGUAGES[code]}", "dct:LinguisticSystem") for code in CODES
        ],
        "dct:license": _id(LICENCE, "dct:LicenseDocument"),
        "foaf:homepage": {"@id": f"{base_url}/", "@type": "foaf:Document"},
        "dcat:dataset": [
            {
                "@id": f"{here}{name}",
                "@type": "dcat:Dataset",
                "dct:identifier": f"{here}{name}",
                "dct:title": _said(languages, title),
                "dct:description": _said(languages, _ABOUT_DATASET),
                "dct:publisher": _id(f"{base_url}/#publisher"),
                "dct:spatial": _id(f"{_EU}/place/FIN_HEL", "dct:Location"),
                "dct:accrualPeriodicity": _id(f"{_EU}/frequency/MONTHLY", "dct:Frequency"),
                "dcat:theme": _THEME,
                "dct:temporal": {
                    "@type": "dct:PeriodOfTime",
                    "dcat:startDate": _typed("date", edition.content.period_start.isoformat()),
                    "dcat:endDate": _typed("date", edition.content.period_end.isoformat()),
                },
                **(
                    {"dct:modified": _typed("dateTime", published.isoformat())} if published else {}
                ),
                "dcat:version": edition.id,
                "dcat:hasVersion": [
                    {
                        "@id": f"{here}{one.id}/{name}",
                        "@type": "dcat:Dataset",
                        "dct:title": _said(languages, title),
                        "dct:description": _said(languages, title),
                        "dcat:version": one.id,
                        **_made(one, f"{here}{older[one.id]}/{name}" if one.id in older else None),
                    }
                    for one in releases
                ],
                "dcat:distribution": [_distribution(edition, name, form, here) for form in FORMATS],
            }
            for name, title in NAMES.items()
        ],
    }


def _made(release: Release, before: str | None) -> dict[str, Any]:
    """When a version was published, and of which it is a revision, by PROV."""
    published = release.when("published")
    moment = _typed("dateTime", published.isoformat()) if published else None
    return ({"dct:issued": moment, "prov:generatedAtTime": moment} if moment else {}) | (
        {"prov:wasRevisionOf": {"@id": before}} if before else {}
    )


def _distribution(edition: Edition, name: str, form: str, here: str) -> dict[str, Any]:
    body = (as_csv if form == "csv" else as_json)(edition, name)
    address = f"{here}{edition.id}/{name}.{form}"
    return {
        "@id": address,
        "@type": "dcat:Distribution",
        "dct:title": f"{name}.{form}",
        "dcat:accessURL": _id(f"{here}latest/{name}.{form}"),
        "dcat:downloadURL": _id(address),
        "dct:license": _id(LICENCE, "dct:LicenseDocument"),
        "dct:format": _id(f"{_EU}/file-type/{form.upper()}", "dct:MediaTypeOrExtent"),
        "dcat:mediaType": _id(f"{_IANA}/{MEDIA_TYPES[form].partition(';')[0]}", "dct:MediaType"),
        "dcat:byteSize": _typed("nonNegativeInteger", str(len(body))),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _id(
                "http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"
            ),
            "spdx:checksumValue": _typed("hexBinary", sha256(body).hexdigest()),
        },
    }


def _publisher(languages: Mapping[Code, Language], base_url: str) -> dict[str, Any]:
    return {
        "@id": f"{base_url}/#publisher",
        "@type": "foaf:Agent",
        "foaf:name": _said(languages, _PUBLISHER),
    }


def _said(languages: Mapping[Code, Language], message: str) -> list[dict[str, str]]:
    return [{"@value": languages[code].say(message), "@language": code} for code in CODES]


def _id(address: str, class_: str | None = None) -> dict[str, str]:
    """A resource that others describe; validators want to hear what it is."""
    return {"@id": address} | ({"@type": class_} if class_ else {})


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@value": value, "@type": f"xsd:{kind}"}
