"""What PostgreSQL keeps, behind stores that return domain objects."""
