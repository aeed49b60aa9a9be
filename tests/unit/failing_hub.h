/*
 * A whole hub, in a process of its own, whose memory, journal and sockets fail when a test says so.
 * Nothing here returns an error: it fails the test.
 *
 * It knows the agency "bank" (blk and industry, 33.75), the agencies "below" and "beside", which
 * are nodes that both report 33.76, and the plugins "store" (reads everything as the node itself)
 * and "above" (passes on what another hub has accepted).
 */
#ifndef TESTS_FAILING_HUB_H
#define TESTS_FAILING_HUB_H

#include "base/buf.h"
#include "base/id.h"
#include "config/config.h"
#include "fail.h"
#include "wire/wire.h"

#include <stddef.h>
#include <stdint.h>

#define FAIL_EVERYTHING (FAIL_MEMORY | FAIL_SQL | FAIL_SOCKET | FAIL_FILE)

/* cmocka set-up and tear-down. The second fails unless the hub ends of its own accord, with 0. */
int failing_hub_start(void **state);
int failing_hub_stop(void **state);

/* The same in parts. The folder, with the configuration in it: `more` stands at its end, among the
 * doors. The process, whose n-th call of these kinds fails: true if it can be reached. */
void failing_hub_prepare(const char *schemas, const char *more);
bool failing_hub_fork(unsigned kinds, unsigned n);
void failing_hub_remove(void);
extern const jj_config *failing_hub_config;
extern pid_t failing_hub; /* its process */

/* Who speaks with it. */
typedef struct failing_hub_doors {
    jj_socket *admin, *agency, *below, *beside, *store, *above;
} failing_hub_doors;
extern failing_hub_doors doors;

typedef struct reply {
    jj_buf text; /* kind and result; each number as '#', so that two answers can be compared */
    unsigned accepted;
    size_t events, count; /* frames; what the result says */
    bool error;
} reply;

/* One request without failures. events end with NULL; NULL: none. */
void hub_ask(jj_socket *socket, const char *verb, const char *options, const char *const *events,
             reply *out);

/* Waits until a request of no events is answered, and so everything that was asked before, or never
 * will be; and until a journal that has failed is open again. True if an answer to id came, too. */
bool hub_settle(jj_socket *socket, const char *id, reply *out);

/* A request; in its options and its events "%u" stands for a number that is new each time. */
typedef struct attempt {
    jj_socket **socket;
    const char *verb, *options;
    const char *events[4];
} attempt;

/* Makes it once, and its n-th call (and all that follow, if `from`) fails. True if it was
 * answered. */
bool hub_try(const attempt *a, unsigned kinds, unsigned n, bool from, reply *out);

/* Makes it over and over, with one call more let through each time, until it is done without a
 * failure; `from`: all calls behind the one that fails do, too. Each answer must be whole and the
 * same, or say `unavailable`; and then everybody's balance must add up. Returns how many events
 * were acknowledged as accepted. */
unsigned hub_fail_each(const attempt *a, unsigned kinds, bool from);

void hub_assert_adds_up(void);

/* Whom a NIK means there. */
void hub_person(const char *nik, char person[JJ_UUID_SIZE]);

/* The key of an event that is made by the macros below. */
void hub_event_key(const char *id, char hex[33]);

/* The last of the new numbers. */
extern unsigned hub_last_number;

/* Hands every event behind a cursor, which moves on, that this reader may see to `look` (NULL:
 * nobody). Returns how many there are. */
size_t hub_fetch_all(jj_socket *socket, uint64_t *after, void (*look)(jj_bytes event));

#define NIK    "3375015005980001"
#define PERSON "0f1af257-50e8-873f-a2b7-6174c0be81a1"

#define EVENT_IN(region, type, id, rest)                                                           \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"urn:x\",\"type\":\"" type "\","       \
    "\"time\":\"2024-01-02T03:04:05Z\",\"region\":\"" region "\"," rest "}"
#define EVENT(type, id, rest) EVENT_IN("33.75", type, id, rest)
#define GRADUATED(id, data)                                                                        \
    EVENT("alumni.graduated", id,                                                                  \
          "\"data\":{\"date\":\"2019-07-31\",\"program\":\"PBK\",\"vocation\":\"las-smaw-3g\","    \
          "\"batch\":\"II\",\"year\":2019,\"funding\":\"apbd\"" data "}")
#define CONSENT_IN(region, id)                                                                     \
    EVENT_IN(region, "consent.granted", id,                                                        \
             "\"subject\":\"" PERSON                                                               \
             "\",\"data\":{\"date\":\"2019-07-31\",\"audiences\":[\"industry\"]}")
#define CONSENT(id) CONSENT_IN("33.75", id)

#endif
