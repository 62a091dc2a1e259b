"""Tries to give back what releases hide, from all that they publish together.

`python -m reporting.attacker FILE...` shares no code with what protects them: `published` has what
is known, `bounding` the linear programs.
"""
