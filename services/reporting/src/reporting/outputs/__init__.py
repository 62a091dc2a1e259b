"""A release as files: pages, workbook, slides and posters. Pure functions from edition to bytes."""
