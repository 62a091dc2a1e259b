"""What a release is and what its pages say: pure functions without clock, session or settings."""
