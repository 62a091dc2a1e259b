"""Open311 GeoReport v2: feedback systems that speak it send here without knowing CloudEvents."""
