"""Takes in objections, complaints and ombudsperson contacts, as codes only."""
