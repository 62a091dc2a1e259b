"""What reporting keeps in its own PostgreSQL schema: releases, their steps and the audit log."""
