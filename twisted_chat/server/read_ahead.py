"""What a start leaves out and service needs, read on a thread once the server listens.

The reactor would have to wait for it in the middle of service, for everybody.
"""

from __future__ import annotations

from ..core import names


def get_ready() -> None:
    """Read what the first name outside ASCII and the first WebSocket need: 0.1 s."""
    names.read_tables()
    import websockets.server  # noqa: F401
