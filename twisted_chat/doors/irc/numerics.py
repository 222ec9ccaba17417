"""IRC's numeric refusals and what they say."""

from __future__ import annotations

TEXTS = {
    "401": "There is nobody of that name here",
    "402": "There is no such server",
    "403": "There is no such channel",
    "404": "You cannot speak there",
    "405": "You have joined too many channels",
    "406": "Nobody of that name was here lately",
    "407": "Too many recipients",
    "409": "The token is missing",
    "410": "There is no such CAP command",
    "411": "Say to whom it is to be sent",
    "412": "There is no text to send",
    "416": "Too much was asked for; ask for less",
    "417": "That line is too long; nothing of it was taken",
    "421": "There is no such command",
    "422": "There is no message of the day",
    "431": "Give a nickname",
    "432": "That cannot be a nickname",
    "433": "That nickname is in use",
    "441": "They are not in that channel",
    "442": "You are not in that channel",
    "443": "is in that channel already",
    "447": "You cannot change your nick",
    "451": "Register first: NICK and USER",
    "461": "Something is missing after this command",
    "462": "You have registered already",
    "464": "The password is wrong",
    "465": "You are banned from this server",
    "471": "Cannot join: the channel is full (+l)",
    "472": "is no channel mode here",
    "473": "Cannot join: it is by invitation only (+i)",
    "474": "Cannot join: you are banned (+b)",
    "475": "Cannot join: the key is wrong (+k)",
    "476": "That cannot be the name of a channel",
    "477": "It takes an account: register your nick first",
    "478": "That list is full",
    "481": "Only an operator of the server can do that",
    "482": "Only an operator of the channel can do that",
    "491": "Nobody can become an operator from here",
    "501": "That is no user mode here",
    "502": "You can only change your own modes",
    "524": "There is no help about that",
    "696": "That value does not fit the mode",
}


class Refused(Exception):
    """A command is refused with a numeric; its parameters stand between the nick and the text."""

    def __init__(self, numeric: str, *params: str, text: str = "") -> None:
        super().__init__(numeric)
        self.numeric = numeric
        self.params = params
        self.text = text or TEXTS[numeric]
