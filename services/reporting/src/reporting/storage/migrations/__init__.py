"""The steps that bring the schema of reporting to the newest form."""
