/* How a member comes in on IRC: it registers, and when it is welcome it joins the room. */
#define _GNU_SOURCE
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int starts(const char *line, size_t length, const char *with)
{
    return length >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static void say(struct conn *conn, const char *form, int length, const char *what)
{
    char line[512];
    int size = snprintf(line, sizeof line, form, length, what);
    send_all(conn->fd, line, (size_t)size);
}

/* The number in `:server 001 nick …`, or 0. */
static int numeric(const char *line, size_t length)
{
    const char *end = line + length, *at = memchr(line, ' ', length);
    if (line[0] != ':' || at == NULL || end - at < 5 || at[4] != ' ')
        return 0;
    return atoi(at + 1);
}

void begin_irc_login(struct conn *conn)
{
    char line[128];
    int length = snprintf(line, sizeof line, "NICK %s\r\nUSER %s 0 * :%s\r\n", conn->name,
                          conn->name, conn->name);
    send_all(conn->fd, line, (size_t)length);
}

void answer_ping(struct conn *conn, const char *line, size_t length)
{
    if (!starts(line, length, "PING "))
        return;
    length -= line[length - 1] == '\r';
    if (length < 500)
        say(conn, "PONG %.*s\r\n", (int)length - 5, line + 5);
}

int irc_login_done(struct conn *conn, const char *line, size_t length)
{
    int number;
    if (length == 0)
        return 0;
    answer_ping(conn, line, length);
    number = numeric(line, length);
    /* 001 is the welcome; the message of the day, or 422 that there is none, ends it. */
    if (number == 1 && conn->ready == 0)
        conn->ready = -1;
    if ((number == 376 || number == 422) && conn->ready == -1) {
        conn->ready = -2;
        say(conn, "JOIN %.*s\r\n", 6, "#bench");
    }
    return number == 366 && conn->ready == -2;
}
