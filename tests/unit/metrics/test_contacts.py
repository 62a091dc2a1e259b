from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from kokemus.contracts import events
from metrics.domain.contacts import Contacted, Contacts, contacted
from metrics.domain.local_time import LocalHours
from support.lives import envelope

HOURS = LocalHours(ZoneInfo("Europe/Helsinki"))
LATE = datetime(2018, 3, 4, 23, 30, tzinfo=UTC)
CONTACT = events.Contact("both", ["hoito", "asiakirjat"])


def test_contact_about_two_matters_is_one_contact_on_its_local_day() -> None:
    event = events.OmbudsmanContacted(**envelope(1, "sote", LATE), data=CONTACT)
    cell = Contacted("sote", "palaute", date(2018, 3, 5), "both")
    assert contacted(event, HOURS) == (cell, Contacts(1, Counter(hoito=1, asiakirjat=1)))


def test_withdrawal_takes_back_exactly_what_was_counted() -> None:
    event = events.OmbudsmanContacted(**envelope(1, "sote", LATE), data=CONTACT)
    back = events.ObservationWithdrawn(
        **envelope(2, "sote", datetime(2018, 5, 1, tzinfo=UTC)),
        data=events.Withdrawn("e0001", events.OriginalContact(LATE, CONTACT)),
    )
    counted, taken = contacted(event, HOURS), contacted(back, HOURS)
    assert counted is not None
    assert taken is not None
    assert counted[0] == taken[0]
    assert counted[1].plus(taken[1]) == Contacts(0, Counter())


def test_a_matter_named_twice_is_two_matters() -> None:
    twice = events.Contact("health", ["hoito", "hoito"])
    event = events.OmbudsmanContacted(**envelope(1, "sote", LATE), data=twice)
    found = contacted(event, HOURS)
    assert found is not None
    assert (found[1].contacts, found[1].matters) == (1, 2)
