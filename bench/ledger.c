/* The ledger of a room: what was sent, in which order it came, and what went wrong.

   The first member to receive a message in some place fixes the order of the room; everybody
   else must see the same. A sender does not receive its own messages, so what it got is kept
   and compared at the end. */
#define _GNU_SOURCE
#include "room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct ledger ledger;

void *array(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        fail("The generator is out of memory.");
    return memory;
}

void open_ledger(void)
{
    ledger.sent_at = array(MAX_MESSAGES, sizeof *ledger.sent_at);
    ledger.order = array(MAX_MESSAGES, sizeof *ledger.order);
    ledger.place_of = array(MAX_MESSAGES, sizeof *ledger.place_of);
    ledger.sender_of = array(MAX_MESSAGES, 1);
    ledger.was_accepted = array(MAX_MESSAGES, 1);
}

void complain(const char *format, ...)
{
    va_list args;
    if (ledger.wrong++ > 0)
        return;
    va_start(args, format);
    vsnprintf(ledger.first_wrong, sizeof ledger.first_wrong, format, args);
    va_end(args);
}

void put_in_order(struct member *member, uint32_t message)
{
    uint32_t place = member->got;
    if (place == ledger.ordered) {
        uint32_t *newest = &ledger.newest_of[ledger.sender_of[message]];
        if (ledger.place_of[message] != 0 || *newest > message)
            complain("%s received message %u twice or before an older one of the same sender",
                     member->conn.name, message);
        *newest = message;
        ledger.order[ledger.ordered++] = message;
        ledger.place_of[message] = ledger.ordered;
    } else if (place > ledger.ordered || ledger.order[place] != message) {
        complain("%s received message %u in place %u; somebody else had message %u there",
                 member->conn.name, message, place,
                 place < ledger.ordered ? ledger.order[place] : 0);
    }
}

static void check_sender(const struct member *member)
{
    uint32_t at = 0;
    for (uint32_t place = 0; place < ledger.ordered; place++) {
        if (ledger.sender_of[ledger.order[place]] == member->conn.number)
            continue;
        if (at >= member->got || member->log[at] != ledger.order[place]) {
            complain("%s, a sender, received something else than the others in place %u",
                     member->conn.name, at);
            return;
        }
        at++;
    }
}

void check(const struct member *members)
{
    if (ledger.under_way > 0)
        complain("%u messages were never answered; the server said last: %s", ledger.under_way,
                 ledger.other_line);
    for (uint32_t place = 0; place < ledger.ordered; place++)
        if (!ledger.was_accepted[ledger.order[place]])
            complain("message %u was delivered and never acknowledged", ledger.order[place]);
    for (int i = 0; i < options.members; i++) {
        const struct member *member = &members[i];
        if (member->got != ledger.accepted - member->accepted)
            complain("%s received %u messages of others; %u were acknowledged", member->conn.name,
                     member->got, ledger.accepted - member->accepted);
        if (i < options.senders)
            check_sender(member);
    }
    if (ledger.accepted == 0)
        complain("not one message was acknowledged; the server said last: %s", ledger.other_line);
}
