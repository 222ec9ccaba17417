"""The process: how it is put together, started, watched over and stopped."""
