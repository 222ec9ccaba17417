"""`twistd chat`: what twistd looks for here.

The parts of the service are imported when it is made: neither a help page nor a mistake in the
options has to wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .server import signals, startup
from .server.options import Options

if TYPE_CHECKING:
    from twisted.application.service import IService

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> IService:
    """The whole service, as `assembly` puts it together."""
    signals.interrupt_at_once()
    startup.put_off_collection()
    from .server import assembly

    return assembly.service(options.settings, options["check"], options.parent or {})
