"""The application behind every door: accounts, rooms, delivery, presence."""
