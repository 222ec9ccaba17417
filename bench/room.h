/* What the room and its ledger share. */
#ifndef BENCH_ROOM_H
#define BENCH_ROOM_H

#include "common.h"

#define MAX_MESSAGES (8u * 1024 * 1024)

struct member {
    struct conn conn;
    size_t mark_at; /* where the payload began in the last line: nearly always there again */
    uint32_t got;   /* messages of others received */
    /* senders only: */
    uint32_t *log, *waiting; /* what it received; what waits for its ack, as a ring */
    uint32_t waiting_from, waiting_to, accepted;
    uint64_t highest_ack;
    char *out;
    size_t out_length;
};

struct ledger {
    uint64_t *sent_at;
    uint32_t *order, *place_of; /* place_of counts from 1; 0 is: nobody has it yet */
    uint8_t *sender_of, *was_accepted;
    uint32_t sent, ordered, under_way, accepted, newest_of[256];
    uint64_t wrong;
    char first_wrong[512], other_line[256]; /* the last line that was no message */
};

extern struct ledger ledger;

void *array(size_t count, size_t size);
void open_ledger(void);
/* Remembers the first complaint and counts them all. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void put_in_order(struct member *member, uint32_t message);
/* Every member got every acknowledged message exactly once, all in one order. */
void check(const struct member *members);

#endif
