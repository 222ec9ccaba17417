"""A user of a chat server, seen from the client: connection, resuming, conversations.

Nothing here shows anything. The terminal, the pipe and the window stand on it, and so
does a bot:

    from twisted_chat.remote.bot import run

    def on_message(bot, message):
        if message.text == "!ping":
            bot.say(message.room, "pong")

    run("chat://clerk@localhost:9999", on_message, password_file="clerk.txt")
"""
