"""Tries to give back what releases hide, from all that they publish together.

`python -m reporting.attacker FILE...` shares no code with what protects them: `reading` knows the
rules and what releases tell, `published` holds what is known, `bounding` has the linear programs,
`means` what they leave of a hidden mean, `releases` all of it together.
"""
