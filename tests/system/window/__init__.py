"""The client's window, on a real screen."""
