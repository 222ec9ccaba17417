/* A server that does almost nothing, to find out how fast the generator itself is.

   It speaks just enough of each dialect: who sends a first line is a member (on IRC welcomed
   and in the room at once), the messages found in one round over the sockets go to everybody
   with one write, then the acks, where there are any. It stores nothing, and waits for whoever
   does not read. */
#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PEERS 1024
#define MAX_BATCH 1024

struct peer {
    struct conn conn;
    char acks[MAX_BATCH * 64];
    size_t acks_length;
    int sent; /* of the messages of this round */
};

static struct peer *peers[MAX_PEERS], *sender_of[MAX_BATCH];
static char batch[MAX_BATCH * MAX_LINE];
static size_t begins[MAX_BATCH + 1];
static int peer_count, lines;
static unsigned seq;

static void queue_message(struct peer *peer, const char *text, int length, unsigned id)
{
    char *out = batch + begins[lines], *ack = peer->acks + peer->acks_length;
    if (lines == MAX_BATCH)
        fail("More messages came in one round than the sink was made for.");
    sender_of[lines++] = peer;
    peer->sent++;
    seq++;
    if (options.irc) {
        out += sprintf(out, ":%s!%s@127.0.0.1 PRIVMSG #bench :%.*s\r\n", peer->conn.name,
                       peer->conn.name, length, text);
    } else if (options.json) {
        out += sprintf(out, "{\"event\":\"message\",\"room\":\"#lobby\",\"seq\":%u,\"from\":\"%s\","
                            "\"text\":\"%.*s\"}\n", seq, peer->conn.name, length, text);
        ack += sprintf(ack, "{\"re\":%u,\"ok\":{\"seq\":%u}}\n", id, seq);
    } else {
        out += sprintf(out, "[%u 10:42] %s: %.*s\n", seq, peer->conn.name, length, text);
        ack += sprintf(ack, "(Message %u sent: %d now, 0 later)\n", seq, peer_count - 1);
    }
    begins[lines] = (size_t)(out - batch);
    peer->acks_length = (size_t)(ack - peer->acks);
}

static void let_in(struct peer *peer, const char *line, size_t length)
{
    const char *welcome, *name = line;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (options.json) {
        name = "member", length = 6;
        welcome = "{\"event\":\"hello\"}\n{\"re\":1,\"ok\":{}}\n";
    } else if (options.irc) { /* the answer to the JOIN that follows, too */
        name += length > 5 ? 5 : length, length -= length > 5 ? 5 : length; /* after NICK */
        welcome = ":sink 001 you :Welcome\r\n:sink 376 you :End\r\n:sink 366 you #bench :End\r\n";
    } else {
        welcome = "Login successful, Welcome to the sink!\n";
    }
    if (peer_count == MAX_PEERS)
        fail("The sink has room for %d members.", MAX_PEERS);
    snprintf(peer->conn.name, sizeof peer->conn.name, "%.*s", (int)(length < 31 ? length : 31),
             name);
    peer->conn.ready = 1;
    peers[peer_count++] = peer;
    send_all(peer->conn.fd, welcome, strlen(welcome));
}

static void seen(struct conn *conn, const char *line, size_t length, int whole)
{
    struct peer *peer = (struct peer *)conn;
    const char *id, *text, *end;
    if (!whole)
        return;
    if (conn->ready != 1) {
        let_in(peer, line, length);
    } else if (options.irc) {
        if (length > 16 && memcmp(line, "PRIVMSG #bench :", 16) == 0)
            queue_message(peer, line + 16, (int)length - 16 - (line[length - 1] == '\r'), 0);
    } else if (!options.json) {
        if (length > 3 && memcmp(line, "BM ", 3) == 0)
            queue_message(peer, line + 3, (int)length - 3, 0);
    } else if ((id = find(line, length, "\"id\":")) && (text = find(line, length, "\"text\":\""))) {
        text += 8;
        end = memchr(text, '"', (size_t)(line + length - text));
        queue_message(peer, text, (int)(end ? end - text : 0), (unsigned)atoi(id + 5));
    }
}

/* What a sender gets is the batch without its own lines. */
static void send_others(struct peer *peer)
{
    static char own[sizeof batch];
    size_t length = 0;
    for (int i = 0; i < lines; i++)
        if (sender_of[i] != peer) {
            memcpy(own + length, batch + begins[i], begins[i + 1] - begins[i]);
            length += begins[i + 1] - begins[i];
        }
    send_all(peer->conn.fd, own, length);
}

static void send_batch(void)
{
    for (int i = 0; i < peer_count; i++)
        if (peers[i]->sent == 0)
            send_all(peers[i]->conn.fd, batch, begins[lines]);
        else
            send_others(peers[i]);
    for (int i = 0; i < peer_count; i++) {
        send_all(peers[i]->conn.fd, peers[i]->acks, peers[i]->acks_length);
        peers[i]->acks_length = 0;
        peers[i]->sent = 0;
    }
    lines = 0;
}

static void accept_peer(int epoll, int listener)
{
    struct peer *peer = calloc(1, sizeof *peer);
    int one = 1;
    if (peer == NULL || (peer->conn.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0)
        fail("The sink cannot take another connection.");
    setsockopt(peer->conn.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(epoll, peer->conn.fd, peer);
}

static int open_listener(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 512) < 0)
        fail("The sink cannot listen on port %d.", options.port);
    return listener;
}

/* Ends when the first member leaves: then the measurement is over. */
int run_sink(void)
{
    int epoll = epoll_create1(0), listener = open_listener();
    struct epoll_event events[MAX_PEERS];

    watch(epoll, listener, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, MAX_PEERS, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (peer == NULL)
                accept_peer(epoll, listener);
            else if (read_conn(&peer->conn, seen) >= 0)
                continue;
            else if (peer->conn.ready)
                return 0;
            else
                close(peer->conn.fd); /* somebody who only looked whether we listen */
        }
        send_batch();
    }
}
