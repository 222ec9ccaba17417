/* What the three modes of the load generator share. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define READ_SIZE (256 * 1024)
#define MAX_LINE 4096

struct options {
    int port, members, senders, window, size, count, concurrent, core, json, irc, nap, quick_acks;
    double warmup, seconds;
    long server_pid;
    const char *prefix, *password;
};

/* One connection; `rest` holds the beginning of a line whose end has not arrived. */
struct conn {
    int fd, number, ready;
    size_t rest_length;
    char *rest;
    char name[32];
};

/* Called for each whole line (without its end), and with `whole` 0 for an unfinished one. */
typedef void line_seen(struct conn *conn, const char *line, size_t length, int whole);

/* Latencies in nanoseconds, kept to 1.6 %. */
struct histogram {
    uint64_t total, slots[64 * 64];
};

extern struct options options;

int run_room(void);
int run_login(void);
int run_sink(void);

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t now_ns(void);
int watch(int epoll, int fd, void *what);
void open_conn(struct conn *conn, int number);
void begin_login(struct conn *conn);
void send_all(int fd, const char *bytes, size_t length);
/* Reads once; returns the bytes read, 0 when there was nothing, -1 when the server closed. */
ssize_t read_conn(struct conn *conn, line_seen *seen);
/* True when this line, or this piece of one, says that the login is complete. */
int login_done(struct conn *conn, const char *line, size_t length, int whole);
const char *find(const char *in, size_t length, const char *what);

/* The same on IRC: a nick, and then a room. */
void begin_irc_login(struct conn *conn);
int irc_login_done(struct conn *conn, const char *line, size_t length);
/* A server that asks whether somebody is still there is told so. */
void answer_ping(struct conn *conn, const char *line, size_t length);

void record(struct histogram *histogram, uint64_t ns);
double percentile_us(const struct histogram *histogram, double share);
double server_cpu_seconds(void);
/* Of everything but the server and this program, and what the host took away. */
double other_cpu_seconds(void);
long server_rss_kib(void);

#endif
