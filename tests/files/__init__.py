"""Files: sending, keeping, fetching, sweeping."""
