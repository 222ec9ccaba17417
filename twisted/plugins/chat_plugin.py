"""Makes `twistd chat` known to Twisted."""

from twisted.application.service import ServiceMaker

chat = ServiceMaker(
    "Twisted Chat",
    "twisted_chat.tap",
    "A chat for people with netcat and for programs, on one port.",
    "chat",
)
