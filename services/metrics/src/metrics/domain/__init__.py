"""What a figure is: pure functions without clock, session or settings."""
