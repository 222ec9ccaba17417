#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* So many connections share a source address; the next ones come from 127.0.0.2, and so on. */
#define PER_ADDRESS 2000

static char buffer[MAX_LINE + READ_SIZE];

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int watch(int epoll, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

const char *find(const char *in, size_t length, const char *what)
{
    return memmem(in, length, what, strlen(what));
}

void open_conn(struct conn *conn, int number)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_ADDRESS));
    conn->number = number;
    snprintf(conn->name, sizeof conn->name, "%s%05d", options.prefix, number);
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        fail("The generator cannot open connection %d: %s.", number, strerror(errno));
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* Without this a bound address takes a port for itself alone. */
    setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(conn->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
        connect(conn->fd, (struct sockaddr *)&to, sizeof to) < 0)
        fail("Connection %d to port %d failed: %s.", number, options.port, strerror(errno));
    fcntl(conn->fd, F_SETFL, O_NONBLOCK);
}

void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, 5000) == 0)
                fail("The server has not read anything for 5 seconds.");
            continue;
        }
        if (sent < 0)
            fail("The server closed a connection: %s.", strerror(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
}

void begin_login(struct conn *conn)
{
    char line[128];
    if (options.irc) {
        begin_irc_login(conn);
        return;
    }
    const char *form = options.json ? "{\"id\":1,\"do\":\"guest\",\"name\":\"%s\"}\n" : "%s\n";
    int length = snprintf(line, sizeof line, form, conn->name);
    send_all(conn->fd, line, (size_t)length);
}

int login_done(struct conn *conn, const char *line, size_t length, int whole)
{
    if (options.irc)
        return whole && irc_login_done(conn, line, length);
    if (options.json)
        return whole && find(line, length, "\"re\":1,") && !find(line, length, "\"error\"");
    if (options.password && conn->ready == 0 && find(line, length, "assword")) {
        char answer[128];
        int size = snprintf(answer, sizeof answer, "%s\n", options.password);
        conn->ready = -1; /* answered: not to be answered again */
        send_all(conn->fd, answer, (size_t)size);
    }
    return whole && find(line, length, "Login successful") != NULL;
}

static void keep_rest(struct conn *conn, const char *rest, size_t length)
{
    if (length > MAX_LINE)
        fail("The server sent %s a line of more than %d bytes.", conn->name, MAX_LINE);
    if (length > 0 && conn->rest == NULL && (conn->rest = malloc(MAX_LINE)) == NULL)
        fail("The generator is out of memory.");
    if (length > 0)
        memcpy(conn->rest, rest, length);
    conn->rest_length = length;
}

/* A server that leaves Nagle's algorithm on sends nothing more until the kernel here has
   acknowledged what it sent before, for which that takes up to 40 ms unless it is told. The
   kernel forgets this; so it is told each time. */
static void acknowledge_at_once(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

ssize_t read_conn(struct conn *conn, line_seen *seen)
{
    size_t kept = conn->rest_length;
    char *line = buffer, *newline, *end;
    ssize_t got = recv(conn->fd, buffer + kept, READ_SIZE, 0);

    if (options.quick_acks)
        acknowledge_at_once(conn->fd);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    if (kept > 0)
        memcpy(buffer, conn->rest, kept);
    end = buffer + kept + got;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        seen(conn, line, (size_t)(newline - line), 1);
        line = newline + 1;
    }
    keep_rest(conn, line, (size_t)(end - line));
    if (line < end)
        seen(conn, line, (size_t)(end - line), 0);
    return got;
}

void record(struct histogram *histogram, uint64_t ns)
{
    int power = ns < 64 ? 0 : 63 - __builtin_clzll(ns) - 5;
    histogram->slots[power * 64 + (int)(ns >> power)]++;
    histogram->total++;
}

double percentile_us(const struct histogram *histogram, double share)
{
    uint64_t seen = 0, wanted = (uint64_t)((double)histogram->total * share);
    for (int slot = 0; slot < 64 * 64; slot++) {
        seen += histogram->slots[slot];
        if (seen > wanted)
            return (double)((uint64_t)(slot % 64) << (slot / 64)) / 1e3;
    }
    return 0;
}

static void read_file(const char *path, char *into, size_t size)
{
    FILE *file;
    size_t got = 0;
    if ((file = fopen(path, "r")) != NULL) {
        got = fread(into, 1, size - 1, file);
        fclose(file);
    }
    into[got] = '\0';
}

static void read_proc(const char *name, char *into, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", options.server_pid, name);
    read_file(path, into, size);
}

double server_cpu_seconds(void)
{
    char stat[1024], *after;
    unsigned long user = 0, kernel = 0;
    read_proc("stat", stat, sizeof stat);
    /* The name in brackets may contain anything; the numbers begin after its end. */
    if ((after = strrchr(stat, ')')) != NULL)
        sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

double other_cpu_seconds(void)
{
    char stat[256];
    unsigned long user = 0, nice = 0, kernel = 0, irq = 0, softirq = 0, stolen = 0;
    struct rusage own;
    read_file("/proc/stat", stat, sizeof stat);
    /* Interrupts too: a process is charged for those that come while it runs. */
    sscanf(stat, "cpu %lu %lu %lu %*u %*u %lu %lu %lu", &user, &nice, &kernel, &irq, &softirq,
           &stolen);
    getrusage(RUSAGE_SELF, &own);
    return (double)(user + nice + kernel + irq + softirq + stolen) / (double)sysconf(_SC_CLK_TCK) -
           (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) -
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6 - server_cpu_seconds();
}

long server_rss_kib(void)
{
    char status[4096], *line;
    read_proc("status", status, sizeof status);
    line = strstr(status, "VmRSS:");
    return line ? strtol(line + 6, NULL, 10) : 0;
}
