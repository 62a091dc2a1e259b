"""Files as a way in: CSV and Excel tables, read row by row into the events of a kind."""
