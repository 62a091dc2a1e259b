"""What caches are told."""

import re

from reporting.rendering import PUBLIC_CACHE


def test_no_cache_may_show_a_page_for_more_than_five_minutes() -> None:
    spans = {name: int(seconds) for name, seconds in re.findall(r"([a-z-]+)=(\d+)", PUBLIC_CACHE)}
    assert spans.keys() == {"max-age", "stale-if-error"}
    assert sum(spans.values()) <= 300
