"""Disclosure control: which counts of a release are hidden, so that none gives anybody away.

Pure: counts, and how they add up, go in; what stays hidden comes out. `tables` has the counts,
`suppressing` hides. That it holds is for `reporting.attacker` to say, which shares none of it.
"""
