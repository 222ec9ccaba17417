/* The load generator: one process on one core. `load room`, `load login`, `load sink`. */
#define _GNU_SOURCE
#include "common.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct options options = {
    .members = 200, .senders = 4, .window = 64, .size = 64, .count = 1000, .concurrent = 32,
    .core = -1, .warmup = 1, .seconds = 5, .prefix = "u",
};

static void set_option(const char *name, const char *value)
{
    const struct { const char *name; int *number; } numbers[] = {
        {"--port", &options.port}, {"--members", &options.members},
        {"--senders", &options.senders}, {"--window", &options.window},
        {"--size", &options.size}, {"--count", &options.count},
        {"--concurrent", &options.concurrent}, {"--core", &options.core},
        {"--json", &options.json}, {"--irc", &options.irc}, {"--nap", &options.nap},
        {"--quick-acks", &options.quick_acks},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].number = atoi(value);
            return;
        }
    if (strcmp(name, "--warmup") == 0)
        options.warmup = atof(value);
    else if (strcmp(name, "--seconds") == 0)
        options.seconds = atof(value);
    else if (strcmp(name, "--pid") == 0)
        options.server_pid = atol(value);
    else if (strcmp(name, "--prefix") == 0)
        options.prefix = value;
    else if (strcmp(name, "--password") == 0)
        options.password = value;
    else
        fail("%s is not an option of the load generator.", name);
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i += 2)
        set_option(argv[i], i + 1 < argc ? argv[i + 1] : "");
    if (options.core >= 0) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(options.core, &cores);
        if (sched_setaffinity(0, sizeof cores, &cores) < 0)
            fail("The generator may not run on core %d.", options.core);
    }
    if (argc > 1 && strcmp(argv[1], "room") == 0)
        return run_room();
    if (argc > 1 && strcmp(argv[1], "login") == 0)
        return run_login();
    if (argc > 1 && strcmp(argv[1], "sink") == 0)
        return run_sink();
    fail("Say what to do: load room, load login or load sink.");
}
