/* A room: some members send with a bounded number of messages under way, all receive.

   IRC has no acks. There a message is taken for acknowledged when the witness has received it:
   the member in the middle of those who only listen, so that a server which serves its members
   in the order they came, and one which does the reverse, are treated alike.

   Every message carries `zq`, the process id, a number of ten digits and filler. The moment of
   sending stays here, in the ledger, so a received line costs one look at a table. */
#define _GNU_SOURCE
#include "room.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK_LENGTH 8
#define HEAD_LENGTH (MARK_LENGTH + 10)

static struct member *members, *witness; /* the witness on IRC only */
static char mark[MARK_LENGTH + 1], filler[MAX_LINE];
static int ready, chunk_acks, probe_next;
static uint32_t chunk_newest;
static uint64_t chunk_time, measured_from = UINT64_MAX, measured_to = UINT64_MAX;
static uint64_t deliveries, messages, probes, early_acks, overtaken, refused, echoes;
static struct histogram ack_latency, delivery_latency;

static int measuring(void)
{
    return chunk_time >= measured_from && chunk_time < measured_to;
}

static uint64_t number_after(const char *line, size_t length, const char *before, int *found)
{
    const char *at = find(line, length, before), *end = line + length;
    uint64_t value = 0;
    *found = 0;
    for (at = at ? at + strlen(before) : end; at < end && *at == ' '; at++)
        ;
    for (; at < end && *at >= '0' && *at <= '9'; at++, *found = 1)
        value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

static void acknowledge(struct member *member, uint32_t message, uint64_t seq)
{
    ledger.under_way--;
    ledger.accepted++;
    member->accepted++;
    ledger.was_accepted[message] = 1;
    if (seq > member->highest_ack)
        member->highest_ack = seq;
    chunk_newest = message;
    chunk_acks++;
    if (measuring()) {
        messages++;
        record(&ack_latency, chunk_time - ledger.sent_at[message]);
    }
}

static void remember(const char *line, size_t length)
{
    snprintf(ledger.other_line, sizeof ledger.other_line, "%.*s",
             (int)(length < 200 ? length : 200), line);
}

/* A line without a message in it: an ack, or something this program has no use for. */
static void other(struct member *member, const char *line, size_t length)
{
    uint32_t window = (uint32_t)options.window;
    int found, has_seq;
    uint64_t seq, id;

    remember(line, length);
    if (options.irc && length > 0)
        answer_ping(&member->conn, line, length);
    if (options.irc || member->conn.number >= options.senders)
        return;
    if (!options.json) {
        seq = number_after(line, length, "(Message ", &found);
        if (found && member->waiting_from != member->waiting_to)
            acknowledge(member, member->waiting[member->waiting_from++ % window], seq);
        return;
    }
    /* Messages are numbered from 0, requests from 2: the login was request 1. */
    id = number_after(line, length, "{\"re\":", &found);
    if (!found || id < 2 || id - 2 >= ledger.sent || ledger.was_accepted[id - 2])
        return;
    seq = number_after(line, length, "\"seq\":", &has_seq);
    if (has_seq && !find(line, length, "\"error\"")) {
        acknowledge(member, (uint32_t)(id - 2), seq);
    } else {
        ledger.under_way--;
        if (refused++ == 0)
            complain("the server refused a message: %s", ledger.other_line);
    }
}

static void delivered(struct member *member, const char *line, size_t length, const char *at)
{
    uint32_t message = 0;
    int found;
    for (const char *digit = at + MARK_LENGTH; digit < at + HEAD_LENGTH; digit++)
        message = message * 10 + (uint32_t)(*digit - '0');
    if (message >= ledger.sent || member->got >= MAX_MESSAGES ||
        memcmp(at + HEAD_LENGTH, filler, (size_t)options.size - HEAD_LENGTH) != 0) {
        complain("%s received a damaged message: %.*s", member->conn.name,
                 (int)(length < 200 ? length : 200), line);
        return;
    }
    if (member->conn.number >= options.senders) {
        put_in_order(member, message);
        if (member == witness && !ledger.was_accepted[message])
            acknowledge(&members[ledger.sender_of[message]], message, 0);
    } else if (ledger.sender_of[message] == member->conn.number) {
        echoes++;
        return;
    } else {
        if (!options.irc) {
            uint64_t seq = number_after(line, length, options.json ? "\"seq\":" : "[", &found);
            overtaken += found && seq < member->highest_ack;
        }
        member->log[member->got] = message;
    }
    member->got++;
    if (measuring()) {
        deliveries++;
        record(&delivery_latency, chunk_time - ledger.sent_at[message]);
    }
}

static void seen(struct conn *conn, const char *line, size_t length, int whole)
{
    struct member *member = (struct member *)conn;
    const char *at = line + member->mark_at;

    if (!whole)
        return;
    if (conn->ready != 1) {
        remember(line, length);
        if (login_done(conn, line, length, whole))
            conn->ready = 1, ready++;
        return;
    }
    if (member->mark_at + (size_t)options.size > length || memcmp(at, mark, MARK_LENGTH) != 0) {
        at = find(line, length, mark);
        if (at == NULL || at + options.size > line + length) {
            other(member, line, length);
            return;
        }
        member->mark_at = (size_t)(at - line);
    }
    delivered(member, line, length, at);
}

static void take_in(struct member *member)
{
    chunk_time = now_ns();
    if (read_conn(&member->conn, seen) < 0)
        fail("The server closed the connection of %s. It said last: %s", member->conn.name,
             ledger.other_line);
}

/* Deliveries are written before the ack, and loopback delivers at once: so when an ack has
   been read, the message must already lie in the socket of any other member. One member is
   asked, the next time another. */
static void probe(void)
{
    struct member *member = &members[options.senders + probe_next];
    uint32_t newest = chunk_newest;
    probe_next = (probe_next + 1) % (options.members - options.senders);
    take_in(member);
    if (measuring()) {
        probes++;
        early_acks += ledger.place_of[newest] == 0 || ledger.place_of[newest] > member->got;
    }
}

static int take_ready(int epoll)
{
    struct epoll_event events[32];
    int count = epoll_wait(epoll, events, 32, 0);
    for (int i = 0; i < count; i++) {
        chunk_acks = 0;
        take_in(events[i].data.ptr);
        if (chunk_acks > 0 && !options.irc)
            probe();
    }
    return count;
}

static void write_message(struct member *member)
{
    char *out = member->out + member->out_length;
    if (options.json)
        member->out_length += (size_t)sprintf(
            out,
            "{\"id\":%u,\"do\":\"send\",\"room\":\"#lobby\","
            "\"text\":\"%s%010u%s\",\"cid\":\"c%u\"}\n",
            ledger.sent + 2, mark, ledger.sent, filler, ledger.sent);
    else if (options.irc)
        member->out_length += (size_t)sprintf(out, "PRIVMSG #bench :%s%010u%s\r\n", mark,
                                              ledger.sent, filler);
    else
        member->out_length += (size_t)sprintf(out, "BM %s%010u%s\n", mark, ledger.sent, filler);
    ledger.sender_of[ledger.sent] = (uint8_t)member->conn.number;
    ledger.sent_at[ledger.sent] = now_ns();
    member->waiting[member->waiting_to++ % (uint32_t)options.window] = ledger.sent++;
}

static void fill_window(void)
{
    static int next;
    while (ledger.under_way < (uint32_t)options.window && ledger.sent < MAX_MESSAGES) {
        write_message(&members[next]);
        next = (next + 1) % options.senders;
        ledger.under_way++;
    }
    for (int i = 0; i < options.senders; i++)
        if (members[i].out_length > 0) {
            send_all(members[i].conn.fd, members[i].out, members[i].out_length);
            members[i].out_length = 0;
        }
}

/* One round over all sockets; returns the nanoseconds in which there was work. */
static uint64_t turn(int member_epoll, int sender_epoll, int sending)
{
    uint64_t begin = now_ns();
    int count = take_ready(sender_epoll) + take_ready(member_epoll);
    if (sending)
        fill_window();
    if (count > 0)
        return now_ns() - begin;
    if (options.nap) {
        struct pollfd both[] = {{.fd = member_epoll, .events = POLLIN},
                                {.fd = sender_epoll, .events = POLLIN}};
        poll(both, 2, 1);
    }
    return 0;
}

static void prepare(void)
{
    if (options.senders < 1 || options.senders >= options.members || options.senders > 255)
        fail("There must be at least one sender and one member who only listens.");
    if (options.size < HEAD_LENGTH || options.size > MAX_LINE / 2 || options.window < 1)
        fail("A message has %d to %d bytes, a window at least 1.", HEAD_LENGTH, MAX_LINE / 2);
    members = array((size_t)options.members, sizeof *members);
    if (options.irc)
        witness = &members[(options.senders + options.members) / 2];
    open_ledger();
    snprintf(mark, sizeof mark, "zq%06u", (unsigned)getpid() % 1000000u);
    memset(filler, 'x', (size_t)options.size - HEAD_LENGTH);
}

static void give_sender_its_tables(struct member *member)
{
    member->log = array(MAX_MESSAGES, sizeof *member->log);
    member->waiting = array((size_t)options.window, sizeof *member->waiting);
    member->out = array((size_t)options.window, (size_t)options.size + 128);
}

/* Everybody comes in, 32 at a time, and then listens until the notices have ended. */
static void come_in(int member_epoll, int sender_epoll)
{
    uint64_t end = now_ns() + 30000000000u;
    int opened = 0;
    while (ready < options.members) {
        for (; opened < options.members && opened - ready < options.concurrent; opened++) {
            struct member *member = &members[opened];
            int sends = opened < options.senders;
            if (sends)
                give_sender_its_tables(member);
            open_conn(&member->conn, opened);
            /* Acks are looked for first, so the witness is, too. */
            watch(sends || member == witness ? sender_epoll : member_epoll, member->conn.fd,
                  member);
            begin_login(&member->conn);
        }
        turn(member_epoll, sender_epoll, 0);
        if (now_ns() > end)
            fail("Only %d of %d members were let in within 30 seconds. The server said last: %s",
                 ready, options.members, ledger.other_line);
    }
    for (end = now_ns() + 500000000u; now_ns() < end;)
        turn(member_epoll, sender_epoll, 0);
}

static int complete(void)
{
    if (ledger.under_way > 0)
        return 0;
    for (int i = 0; i < options.members; i++)
        if (members[i].got != ledger.accepted - members[i].accepted)
            return 0;
    return 1;
}

/* Waits for what is under way, and a little longer for what should not come. */
static void drain(int member_epoll, int sender_epoll)
{
    uint64_t end = now_ns() + 10000000000u;
    while (!complete() && now_ns() < end)
        turn(member_epoll, sender_epoll, 0);
    for (end = now_ns() + 200000000u; now_ns() < end;)
        turn(member_epoll, sender_epoll, 0);
}

static void print_escaped(const char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text >= ' ')
            putchar(*text);
}

static void report(double seconds, double cpu, double busy, double others)
{
    printf("{\"deliveries_per_s\": %.0f, \"messages_per_s\": %.1f,"
           " \"cpu_us_per_delivery\": %.3f, \"server_busy\": %.3f, \"generator_busy\": %.3f,",
           (double)deliveries / seconds, (double)messages / seconds,
           deliveries ? cpu * 1e6 / (double)deliveries : 0, cpu / seconds, busy);
    printf(" \"others_busy\": %.3f,", others);
    printf(" \"ack_p50_us\": %.1f, \"ack_p99_us\": %.1f, \"delivery_p50_us\": %.1f,"
           " \"delivery_p99_us\": %.1f,",
           percentile_us(&ack_latency, 0.5), percentile_us(&ack_latency, 0.99),
           percentile_us(&delivery_latency, 0.5), percentile_us(&delivery_latency, 0.99));
    printf(" \"early_acks\": %lu, \"early_acks_probed\": %lu, \"overtaken\": %lu,"
           " \"echoes\": %lu, \"refused\": %lu, \"checked\": %u, \"wrong\": %lu, \"problem\": \"",
           early_acks, probes, overtaken, echoes, refused, ledger.accepted, ledger.wrong);
    print_escaped(ledger.first_wrong);
    printf("\"}\n");
}

int run_room(void)
{
    int member_epoll = epoll_create1(0), sender_epoll = epoll_create1(0);
    uint64_t worked = 0, begin, end;
    double cpu, others;

    prepare();
    come_in(member_epoll, sender_epoll);
    begin = now_ns() + (uint64_t)(options.warmup * 1e9);
    while (now_ns() < begin)
        turn(member_epoll, sender_epoll, 1);
    cpu = server_cpu_seconds();
    others = other_cpu_seconds();
    measured_from = now_ns();
    measured_to = end = measured_from + (uint64_t)(options.seconds * 1e9);
    while (now_ns() < end)
        worked += turn(member_epoll, sender_epoll, 1);
    cpu = server_cpu_seconds() - cpu;
    others = other_cpu_seconds() - others;
    drain(member_epoll, sender_epoll);
    check(members);
    report(options.seconds, cpu, (double)worked / (options.seconds * 1e9),
           others / options.seconds);
    return 0;
}
