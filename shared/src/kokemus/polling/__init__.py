"""What every poller of a source needs: politeness, a place to go on from, and telling of itself."""
