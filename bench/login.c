/* Logs many users in, a few at a time, and keeps them all connected. */
#define _GNU_SOURCE
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define PATIENCE_NS 20000000000u /* without any login for so long: give up */

static int done;
static uint64_t last_done, *started;
static struct histogram took;
static char last_line[256];

static void seen(struct conn *conn, const char *line, size_t length, int whole)
{
    if (conn->ready == 1)
        return;
    snprintf(last_line, sizeof last_line, "%.*s", (int)(length < 200 ? length : 200), line);
    if (login_done(conn, line, length, whole)) {
        conn->ready = 1;
        done++;
        last_done = now_ns();
        record(&took, last_done - started[conn->number]);
    }
}

static void read_ready(int epoll, int wait_ms)
{
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, wait_ms);
    for (int i = 0; i < ready; i++) {
        struct conn *conn = events[i].data.ptr;
        if (read_conn(conn, seen) < 0)
            fail("The server closed the connection of %s (login %d of %d). It said last: %s",
                 conn->name, done + 1, options.count, last_line);
    }
}

/* Lets the notices of who came be sent and read, and the memory settle. */
static void settle(int epoll)
{
    uint64_t end = now_ns() + (uint64_t)(options.warmup * 1e9);
    while (now_ns() < end)
        read_ready(epoll, 20);
}

int run_login(void)
{
    struct conn *conns = calloc((size_t)options.count, sizeof *conns);
    int epoll = epoll_create1(0), opened = 0;
    long before = server_rss_kib();
    double cpu = server_cpu_seconds();
    uint64_t begin = now_ns();

    started = calloc((size_t)options.count, sizeof *started);
    last_done = begin;
    while (done < options.count) {
        for (; opened < options.count && opened - done < options.concurrent; opened++) {
            open_conn(&conns[opened], opened);
            watch(epoll, conns[opened].fd, &conns[opened]);
            started[opened] = now_ns();
            begin_login(&conns[opened]);
        }
        read_ready(epoll, 100);
        if (now_ns() - last_done > PATIENCE_NS)
            fail("After %d of %d logins there was none for 20 seconds. The server said last: %s",
                 done, options.count, last_line);
    }
    double seconds = (double)(last_done - begin) / 1e9;
    cpu = server_cpu_seconds() - cpu;
    settle(epoll);
    printf("{\"logins\": %d, \"seconds\": %.4f, \"logins_per_s\": %.1f, \"cpu_us_per_login\": %.1f,"
           " \"p50_us\": %.0f, \"p99_us\": %.0f, \"rss_before_kib\": %ld, \"rss_after_kib\": %ld,"
           " \"kib_per_connection\": %.2f}\n",
           done, seconds, done / seconds, cpu * 1e6 / done, percentile_us(&took, 0.5),
           percentile_us(&took, 0.99), before, server_rss_kib(),
           (double)(server_rss_kib() - before) / done);
    return 0;
}
