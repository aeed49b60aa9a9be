/*
 * The uplink plugin while memory, sockets and files fail at each call in turn, below a hub that
 * answers. Nothing is acknowledged to the node here that the hub above was not given, every message
 * says of each of its events where it stood, and in the end all is there: what goes up, what comes
 * down, and the confirmation of an erasure.
 */
#include "../../plugins/uplink/uplink.h"
#include "base/fs.h"
#include "fail.h"
#include "pretend_hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

extern const jj_plugin jejaring_plugin;

#define ALL_KINDS (FAIL_MEMORY | FAIL_SOCKET | FAIL_FILE | FAIL_SYSTEM)
#define EVENTS    6 /* of the journal here; the last is an erasure */
#define GIVEN     3 /* in one batch */
#define OFFERED   2 /* by the hub above */
#define ENTRIES   8 /* of the state, at most */
#define KEY       "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

enum {
    CONNECTION,
    RATE,
    WINDOW,
    BATCH,
    IN_FLIGHT,
    COMPRESS,
    DOWN,
    ERASURE_DUE,
    OPTIONS
};

/* ---- The hub above ------------------------------------------------------------------------ */

static struct {
    atomic_bool has[EVENTS + 1]; /* by number */
    atomic_bool broken;          /* it was given a message that is none */
    atomic_bool refuses;         /* everything, as busy, once */
    atomic_bool packs;
} above;

static bool take_events(const jj_message *request, const json_t *options)
{
    jj_bytes unpacked[JJ_EVENTS_MAX];
    char *text = NULL;
    size_t count = request->count - 5;
    const json_t *sequences = json_object_get(json_object_get(options, "origin"), "sequences");
    const json_t *packed = json_object_get(options, "packed");
    if (packed) {
        count = (size_t)json_integer_value(json_object_get(packed, "events"));
        if (jj_unpack(jj_message_frame(request, 5), unpacked, count, &text, NULL)) {
            return false;
        }
    }
    bool good = json_array_size(sequences) == count;
    for (size_t i = 0; good && i < count; i++) {
        jj_bytes event = packed ? unpacked[i] : jj_message_frame(request, i + 5);
        const char *sequence = json_string_value(json_array_get(sequences, i));
        unsigned number = sequence ? (unsigned)strtoul(sequence, NULL, 10) : 0;
        good = number >= 1 && number <= EVENTS && event.size_bytes == 1 &&
               event.data[0] == (char)('0' + number);
        above.has[good ? number : 0] = true;
    }
    free(text);
    return good;
}

static void answer(const jj_message *request)
{
    const char *verb = pretend_frame(request, 2);
    if (strcmp(verb, "HELLO") == 0) {
        pretend_ok(request, above.packs
                                ? "{\"node\":\"top\",\"journal\":\"j\",\"origin\":{\"sequence\":"
                                  "\"0\",\"quarantined\":1},\"packed\":[1,\"" JJ_PACKED "\"]}"
                                : "{\"node\":\"top\",\"origin\":{\"sequence\":\"0\"}}");
        return;
    }
    if (atomic_exchange(&above.refuses, false)) {
        pretend_answer(request,
                       (const char *const[]){JJ_PROTOCOL, "ERROR", pretend_frame(request, 3),
                                             "{\"code\":\"busy\",\"detail\":\"later\"}", NULL});
        return;
    }
    if (strcmp(verb, "PUBLISH") == 0) {
        json_t *options = json_loads(pretend_frame(request, 4), 0, NULL);
        above.broken = above.broken || !take_events(request, options);
        json_decref(options);
        pretend_ok(request, "{\"rejected\":[{\"index\":0,\"code\":\"invalid\"}]}");
    } else if (strcmp(verb, "FETCH") == 0) {
        pretend_answer(request,
                       (const char *const[]){JJ_PROTOCOL, "EVENTS", pretend_frame(request, 3),
                                             "{\"cursor\":\"9\",\"cursors\":[\"8\",\"9\"]}", "one",
                                             "two", NULL});
    } else if (strcmp(verb, "RECEIPT") == 0) {
        json_t *options = json_loads(pretend_frame(request, 4), 0, NULL);
        const char *key = json_string_value(json_array_get(json_object_get(options, "keys"), 0));
        char result[128];
        snprintf(result, sizeof result, "{\"receipts\":[{\"key\":\"%s\",\"pending\":[]}]}",
                 key ? key : "?");
        pretend_ok(request, result);
        json_decref(options);
    } else {
        pretend_ok(request, "{}");
    }
}

/* ---- The node here; it needs no memory ---------------------------------------------------- */

static struct {
    uint64_t next, batch_end, acknowledged; /* cursors */
    size_t passed;
    bool held, confirmed;
    struct {
        char key[64], value[128];
    } state[ENTRIES];
    char texts[EVENTS + 1][2];
} node;

static int state_get(const jj_host *host, const char *key, const char **value)
{
    (void)host;
    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(node.state[i].key, key) == 0) {
            *value = node.state[i].value;
            return 0;
        }
    }
    return JJ_ENOTFOUND;
}

static int state_put(const jj_host *host, const char *key, const char *value)
{
    const char *there;
    size_t i = 0;
    bool known = state_get(host, key, &there) == 0;
    while (strcmp(node.state[i].key, known ? key : "") != 0) {
        i++;
        assert_true(i < ENTRIES);
    }
    snprintf(node.state[i].key, sizeof node.state[i].key, "%s", key);
    snprintf(node.state[i].value, sizeof node.state[i].value, "%s", value);
    node.confirmed = node.confirmed || strstr(value, "\"done\"");
    return 0;
}

static int state_scan(const jj_host *host, const char *prefix, jj_state_visit visit, void *arg)
{
    (void)host;
    for (size_t i = 0; i < ENTRIES; i++) {
        if (node.state[i].key[0] && strncmp(node.state[i].key, prefix, strlen(prefix)) == 0) {
            visit(arg, node.state[i].key, node.state[i].value);
        }
    }
    return 0;
}

static void write_log(const jj_host *host, int level, const char *format, ...)
{
    (void)host, (void)level;
    assert_non_null(format);
}

static int64_t clock_now(const jj_host *host)
{
    (void)host;
    return INT64_C(1564531200000);
}

static int set_timer(const jj_host *host, int id, int64_t delay_ms, bool repeat)
{
    (void)host, (void)id, (void)delay_ms, (void)repeat;
    return 0;
}

static int watch(const jj_host *host, int fd, short events)
{
    (void)host, (void)events;
    return fd >= 0 ? 0 : JJ_EINVALID;
}

static uint64_t acknowledged(const jj_host *host)
{
    (void)host;
    return node.acknowledged;
}

static uint64_t cursor_of(const jj_host *host, const jj_event *event)
{
    (void)host;
    return (uint64_t)(event->text[0] - '0');
}

static uint64_t batch_end(const jj_host *host)
{
    (void)host;
    return node.batch_end;
}

static uint64_t first_kept(const jj_host *host)
{
    (void)host;
    return 1;
}

static void acknowledge(const jj_host *host, uint64_t cursor)
{
    (void)host;
    for (uint64_t i = 1; i <= cursor; i++) {
        if (!above.has[i]) {
            fail_msg("%u is acknowledged, and %u is not above", (unsigned)cursor, (unsigned)i);
        }
    }
    node.acknowledged = cursor;
}

static void hold(const jj_host *host, bool on)
{
    (void)host;
    node.held = on;
}

static void restart(const jj_host *host, uint64_t cursor)
{
    (void)host;
    node.next = cursor + 1;
}

static int pass(const jj_host *host, const char *name, const jj_bytes *events,
                const uint64_t *sequences, size_t count, jj_passed_on *result, jj_error *err)
{
    (void)host, (void)err;
    assert_string_equal(name, "top");
    assert_int_equal(count, OFFERED);
    assert_memory_equal(events[1].data, "two", 3);
    assert_true(sequences[0] == 8 && sequences[1] == 9);
    node.passed = count;
    result->rejected = 1;
    return 0;
}

static const char *person_key(const jj_host *host)
{
    (void)host;
    return "0123456789abcdef0123456789abcdef";
}

static const jj_relay relay = {.size_bytes = sizeof relay,
                               .position = acknowledged,
                               .cursor = cursor_of,
                               .end = batch_end,
                               .first = first_kept,
                               .acknowledge = acknowledge,
                               .hold = hold,
                               .restart = restart,
                               .pass = pass,
                               .head = batch_end,
                               .person_key = person_key};

static const void *interface(const jj_host *host, const char *id)
{
    (void)host;
    return strcmp(id, JJ_RELAY) == 0 ? &relay : NULL;
}

static const jj_host here = {.abi_major = JJ_ABI_MAJOR,
                             .size_bytes = sizeof here,
                             .instance = "uplink",
                             .node = "here",
                             .region = "33.75",
                             .state_get = state_get,
                             .state_put = state_put,
                             .state_scan = state_scan,
                             .log = write_log,
                             .now_ms = clock_now,
                             .timer = set_timer,
                             .watch = watch,
                             .interface = interface};

/* ---- One uplink --------------------------------------------------------------------------- */

static char folder[64];
static jj_value values[OPTIONS];

static int set_up(void **state)
{
    static const char told[] = "{\"endpoint\":\"ipc:///nonexistent\",\"server_key\":\"" KEY
                               "\",\"public_key\":\"" KEY "\"}";
    char path[96];
    int rc = pretend_folder(state);
    strcpy(folder, "/tmp/jejaring-uplink-XXXXXX");
    if (rc || !mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/secret.key", folder);
    rc = jj_file_write(path, KEY, strlen(KEY), 0600, NULL);
    snprintf(path, sizeof path, "%s/connection.json", folder);
    rc = rc ? rc : jj_file_write(path, told, strlen(told), 0600, NULL);
    memset(values, 0, sizeof values);
    values[CONNECTION] = (jj_value){.given = true, .string = folder};
    values[BATCH].number = 2;
    values[IN_FLIGHT].number = 2;
    values[COMPRESS].number = 1;
    values[ERASURE_DUE].number = 1000;
    pretend_start(answer, NULL);
    return rc;
}

static int tear_down(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return pretend_folder_remove(state) | system(command);
}

static uplink *create(void)
{
    const jj_client_options open = {.endpoint = pretend_endpoint, .timeout_ms = 2000};
    void *made = NULL;
    jj_error err = {0};
    if (jejaring_plugin.create(&here, values, &made, &err)) {
        fail_msg("%s", err.text);
    }
    uplink *self = made;
    jj_client_close(self->client); /* the hub above is here, and open to everybody */
    assert_int_equal(jj_client_open(&self->client, &open, NULL), 0);
    return self;
}

static void one_is_made_or_says_why_not(void **state)
{
    (void)state;
    for (unsigned n = 1; fail_next(ALL_KINDS, n); n++) {
        void *made = NULL;
        jj_error err = {0};
        int rc = jejaring_plugin.create(&here, values, &made, &err);
        bool hit = fail_end();
        assert_true((rc == 0) == (made != NULL));
        assert_true(rc == 0 || (hit && err.code == rc && err.text[0]));
        const uplink *self = made;
        assert_true(!self || strcmp(self->down_types, "[\"vacancy.*\",\"order.*\"]") == 0);
        jejaring_plugin.destroy(made);
    }
}

static void begin(bool packs, bool refuses)
{
    memset(&node, 0, sizeof node);
    node.next = 1;
    for (size_t i = 0; i <= EVENTS; i++) {
        above.has[i] = false;
    }
    above.broken = false;
    above.packs = packs;
    above.refuses = refuses;
}

static void give_batch(uplink *self)
{
    jj_event events[GIVEN] = {0};
    size_t count = 0;
    while (count < GIVEN && node.next + count <= EVENTS) {
        unsigned number = (unsigned)(node.next + count);
        snprintf(node.texts[number], 2, "%u", number);
        events[count++] = (jj_event){.text = node.texts[number],
                                     .size_bytes = 1,
                                     .key = {(unsigned char)number},
                                     .type = number == EVENTS ? "person.erased" : "order.placed"};
    }
    node.batch_end = node.next + count - 1;
    int verdict = jejaring_plugin.on_events(self, events, count);
    assert_true(verdict == JJ_TAKEN || verdict == JJ_LATER);
    node.next += verdict == JJ_TAKEN ? count : 0;
}

/* As a worker does it, until all is done; pauses cost nothing here. */
static void work(uplink *self)
{
    for (unsigned turn = 1; turn < 5000; turn++) {
        if (!node.held && node.next <= EVENTS) {
            give_batch(self);
        }
        jejaring_plugin.on_timer(self, 0);
        if (node.acknowledged == EVENTS && node.passed && node.confirmed) {
            return;
        }
        jj_wire_poll(NULL, 0, 1);
        if (turn % 20 == 0) {
            fail_skip_ms(10000);
        }
    }
    fail_msg("acknowledged up to %u, %zu came down, erasure confirmed: %d",
             (unsigned)node.acknowledged, node.passed, node.confirmed);
}

static void fail_each_call(bool packs, bool refuses)
{
    unsigned hits = 1;
    for (unsigned n = 1; hits; n++) {
        begin(packs, refuses);
        uplink *self = create();
        fail_at(ALL_KINDS, n, false);
        jj_error err = {0};
        int rc = jejaring_plugin.start(self, &err);
        assert_int_equal(rc, 0);
        work(self);
        hits = fail_end();
        assert_false(above.broken);
        jejaring_plugin.destroy(self);
    }
}

static void all_of_it_arrives_whatever_fails(void **state)
{
    (void)state;
    fail_each_call(false, false);
}

static void all_of_it_arrives_packed_too(void **state)
{
    (void)state;
    fail_each_call(true, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_is_made_or_says_why_not),
        TEST(all_of_it_arrives_whatever_fails),
        TEST(all_of_it_arrives_packed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
