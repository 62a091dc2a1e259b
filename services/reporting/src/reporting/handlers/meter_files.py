"""The files of a round's release: a page and a slide a meter, and the workbook behind them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Final

from starlette.responses import Response

from reporting.domain.editions import Edition
from reporting.domain.languages import Language
from reporting.domain.meters import METERS, known, meter_table
from reporting.domain.releases import WAITING, Release, parse
from reporting.handlers.public import gone
from reporting.handlers.signing_in import Door, Visit
from reporting.outputs.meter_page import TooLongError, meter_page
from reporting.outputs.slides import slide
from reporting.outputs.workbook import workbook
from reporting.parts import Parts
from reporting.rendering import NO_CACHE, download
from reporting.shelf import Rendered

FILES_KEPT: Final = 20
"""Some 40 kB each."""
BOOK: Final = "meters"
MEDIA: Final = {
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file_names(language: Language) -> list[tuple[str, str]]:
    """The files of a round in a language: their names, and what each is."""
    names = {one.code: language.of(one.name) for one in meter_table().meters}
    found = []
    for meter in METERS:
        page = language.say("%(meter)s, yksi sivu (PDF)", meter=names[meter])
        one = language.say("%(meter)s, yksi dia (PowerPoint)", meter=names[meter])
        found += [(f"{meter}-{language.code}.pdf", page), (f"{meter}-{language.code}.pptx", one)]
    book = language.say("Mittareiden taulukot (Excel)")
    return [*found, (f"{BOOK}-{language.code}.xlsx", book)]


def rounds_of(releases: Sequence[Release], year: int) -> list[Release]:
    """The releases of a year's round, the newest first."""
    return [one for one in releases if one.kind == "round-yearly" and one.period_end.year == year]


class MeterFiles:
    """Makes the files, each once for a release."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door
        self._kept: OrderedDict[tuple[str, str], Rendered] = OrderedDict()
        self._making = asyncio.Lock()

    async def published(self, visit: Visit) -> Response:
        """A file of what is published of the year's round."""
        found = rounds_of(await self._parts.store.releases(), visit.request.path_params["year"])
        last = next((one for one in found if one.when("published")), None)
        if last is not None and last.state == "withdrawn":
            return self._gone(visit, last)
        return await self._file(visit, last if last and last.state == "published" else None)

    async def of_draft(self, visit: Visit) -> Response:
        """A file of a release that still waits, for those who work on it; told in the log."""
        found = await self._parts.store.release(visit.request.path_params["release"])
        wanted = found is not None and found.kind == "round-yearly" and found.state in WAITING
        if found is not None and wanted:
            await self._parts.audit.note(visit.person.user, "release.seen", found.id)
        return await self._file(visit, found if wanted else None)

    async def _file(self, visit: Visit, release: Release | None) -> Response:
        name = visit.request.path_params["name"]
        body = await self._parts.store.body(release.hash) if release else None
        if release is None or body is None:
            return self._door.refusal(visit.language, "missing", 404)
        edition = Edition(release.id, parse(body))
        make = self._maker(name, edition)
        if make is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            file = await self._made((release.id, name), make)
        except TooLongError:
            return self._door.refusal(visit.language, "too_long", 409)
        media = MEDIA[name.rpartition(".")[2]]
        return download(
            visit.request, file, f"{edition.content.period_end.year}-{name}", media, NO_CACHE
        )

    def _gone(self, visit: Visit, release: Release) -> Response:
        language, at = self._parts.languages[visit.language], release.when("withdrawn")
        title, text = gone(self._parts, visit.language)
        if at is not None:
            moment = language.moment(at.astimezone(self._parts.settings.time_zone))
            why = language.say("Takaisin vedetty %(moment)s. Syy:", moment=moment)
            text = f"{text} {why} {release.steps[-1].reason}"
        return self._door.page(visit, "message.html", 410, title=title, text=text)

    def _maker(self, name: str, edition: Edition) -> Callable[[], bytes] | None:
        for language in self._parts.languages.values():
            if name == f"{BOOK}-{language.code}.xlsx":
                return partial(workbook, edition, language)
            for meter in known(edition.content.texts):
                if name == f"{meter}-{language.code}.pdf":
                    return partial(meter_page, edition, meter, language)
                if name == f"{meter}-{language.code}.pptx":
                    return partial(slide, edition, meter, language)
        return None

    async def _made(self, key: tuple[str, str], make: Callable[[], bytes]) -> Rendered:
        async with self._making:
            if key not in self._kept:
                body = await asyncio.to_thread(make)
                self._kept[key] = Rendered(body, f'"{sha256(body).hexdigest()[:32]}"')
            self._kept.move_to_end(key)
            while len(self._kept) > FILES_KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
