/*
 * A whole hub, in a process of its own, whose memory, journal and sockets fail at each call of each
 * request in turn. Whatever fails: it stays up, answers whole or not at all, what it has
 * acknowledged is there, and everybody's balance adds up.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "config/config.h"
#include "fail.h"
#include "hub/hub.h"
#include "wire/wire.h"
#include "json/load.h"

#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EVERYTHING (FAIL_MEMORY | FAIL_SQL | FAIL_SOCKET | FAIL_FILE)
#define LONG_MS    60000
#define LOOK_MS    2
#define SKIP_MS    3000 /* until a hub whose journal has failed opens it anew */

#define NIK    "3375015005980001"
#define PERSON "0f1af257-50e8-873f-a2b7-6174c0be81a1"

static char folder[64];
static const jj_config *config;
static pid_t hub;
static jj_wire *wire;
static jj_socket *admin, *agency;
static unsigned last_event, last_request;

/* ---- The hub ------------------------------------------------------------------------------ */

static const char *path_of(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

static void read_config(void)
{
    jj_findings findings = {0};
    char text[PATH_MAX + 1024], schemas[PATH_MAX];
    static const char bank[] = "id: bank\nname: Bank\naudiences: [blk, industry]\n"
                               "regions: [\"33.75\"]\npublishes: [\"*\"]\n";
    static const char below[] = "id: below\nname: Regency\naudiences: [blk]\nregions: [\"33.76\"]\n"
                                "publishes: [\"*\"]\nnode: below\n";
    assert_int_equal(jj_mkdir_all(path_of("agencies.d"), 0700, NULL), 0);
    jj_file_write(path_of("agencies.d/bank.yaml"), bank, sizeof bank - 1, 0600, NULL);
    jj_file_write(path_of("agencies.d/below.yaml"), below, sizeof below - 1, 0600, NULL);
    snprintf(text, sizeof text,
             "node: here\nregion: \"33.75\"\nschemas: %s\nstate: state\nrun: run\n"
             "agencies: agencies.d\nlog: error\nhub:\n  listen:\n"
             "    - {endpoint: \"ipc://%s/run/bank.sock\", as: bank}\n"
             "    - {endpoint: \"ipc://%s/run/below.sock\", as: below}\n",
             realpath("schemas", schemas), folder, folder);
    if (jj_config_parse(&config, path_of("jejaringd.yaml"), text, strlen(text), &findings)) {
        jj_findings_print(&findings, stderr);
        fail();
    }
    jj_findings_clear(&findings);
}

static void start_hub(void)
{
    int ends[2];
    char word[8] = "";
    assert_int_equal(pipe(ends), 0);
    hub = fork();
    if (hub == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's handler, which would go on with the tests here */
        signal(SIGABRT, SIG_DFL);
        close(ends[0]);
        exit(jj_hub_run(config, NULL, ends[1]));
    }
    close(ends[1]);
    assert_true(read(ends[0], word, 5) == 5);
    assert_string_equal(word, "READY");
}

static jj_socket *connect_to(const char *endpoint)
{
    const jj_client_options options = {.endpoint = endpoint};
    jj_socket *socket = NULL;
    assert_int_equal(jj_socket_dealer(&socket, wire, &options, NULL), 0);
    assert_int_equal(jj_socket_connect(socket, endpoint, NULL), 0);
    return socket;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/jejaring-fail-hub-XXXXXX");
    if (!jj_id_init() || !mkdtemp(folder)) {
        return -1;
    }
    last_event = last_request = 0;
    read_config();
    start_hub();
    assert_int_equal(jj_wire_open(&wire, NULL), 0);
    admin = connect_to(config->hub.admin_endpoint);
    agency = connect_to(config->hub.listen.list[0].endpoint);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    int status = 0;
    (void)state;
    jj_socket_close(admin);
    jj_socket_close(agency);
    jj_wire_close(wire);
    kill(hub, SIGTERM);
    waitpid(hub, &status, 0);
    jj_config_free(config);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) || !WIFEXITED(status) || WEXITSTATUS(status);
}

/* ---- Requests ----------------------------------------------------------------------------- */

typedef struct reply {
    jj_buf text; /* kind and result; numbers as '#', times and all */
    unsigned accepted;
    size_t events, count; /* frames; what the result says */
    bool error;
} reply;

static bool send_once(jj_socket *socket, const char *verb, const char *id, const char *options,
                      const char *const *events)
{
    jj_message message = {0};
    jj_message_add_z(&message, JJ_PROTOCOL);
    jj_message_add_z(&message, verb);
    jj_message_add_z(&message, id);
    jj_message_add_z(&message, options);
    for (; events && *events; events++) {
        jj_message_add_z(&message, *events);
    }
    bool sent = jj_socket_send(socket, &message) == 0;
    jj_message_clear(&message);
    return sent;
}

/* Waits for the connection, if there is none yet. */
static void send_request(jj_socket *socket, const char *verb, const char *id, const char *options,
                         const char *const *events)
{
    while (!send_once(socket, verb, id, options, events)) {
        poll(NULL, 0, 1);
    }
}

/* The wording of what is wrong is not looked at: it may be short of memory. */
static void drop_wording(json_t *rejected)
{
    size_t i;
    json_t *entry;
    json_array_foreach(rejected, i, entry)
    {
        json_object_del(entry, "detail");
        json_object_del(entry, "problems");
    }
}

static void read_reply(const jj_message *message, reply *out)
{
    jj_bytes kind = jj_message_frame(message, 1), result = jj_message_frame(message, 3);
    json_t *json = NULL;
    if (message->count < 4 || jj_json_load(&json, result.data, result.size_bytes, SIZE_MAX, NULL)) {
        fail_msg("a broken answer of %zu frames: %.*s", message->count, (int)result.size_bytes,
                 result.data);
    }
    drop_wording(json_object_get(json, "rejected"));
    char *text = json_dumps(json, JSON_COMPACT);
    jj_buf_reset(&out->text);
    jj_buf_add(&out->text, kind.data, kind.size_bytes);
    for (const char *at = text; *at; at++) {
        bool digit = *at >= '0' && *at <= '9';
        if (!digit || out->text.data[out->text.size - 1] != '#') {
            jj_buf_putc(&out->text, digit ? '#' : *at);
        }
    }
    free(text);
    out->error = strncmp(out->text.data, "ERROR", 5) == 0;
    out->events = message->count - 4;
    out->count = (size_t)json_integer_value(json_object_get(json, "count"));
    out->accepted = (unsigned)json_integer_value(json_object_get(json, "accepted"));
    json_decref(json);
}

static bool is_answer_to(const jj_message *message, const char *id)
{
    jj_bytes got = jj_message_frame(message, 2);
    return id && got.size_bytes == strlen(id) && memcmp(got.data, id, got.size_bytes) == 0;
}

/* Waits for the answer to a request, up to some milliseconds. One to an earlier request is taken
 * on the way. */
static bool await(jj_socket *socket, const char *earlier, reply *taken, const char *id, reply *out,
                  int wait_ms, bool *answered)
{
    jj_message message = {0};
    bool found = false;
    jj_poll item = {.socket = socket, .events = POLLIN};
    int64_t end_ms = jj_monotonic_ms() + wait_ms;
    *answered = false;
    do {
        jj_wire_poll(&item, 1, LOOK_MS);
        while (!*answered && jj_socket_receive(socket, &message) == 0) {
            if (is_answer_to(&message, earlier)) {
                read_reply(&message, taken);
                found = true;
            } else if (is_answer_to(&message, id)) {
                read_reply(&message, out);
                *answered = true;
            }
        }
    } while (!*answered && jj_monotonic_ms() < end_ms);
    jj_message_clear(&message);
    return found;
}

/* One request without failures. */
static void ask(jj_socket *socket, const char *verb, const char *options, const char *const *events,
                reply *out)
{
    char id[16];
    snprintf(id, sizeof id, "%u", ++last_request);
    bool answered;
    send_request(socket, verb, id, options, events);
    await(socket, NULL, NULL, id, out, LONG_MS, &answered);
    if (!answered) {
        fail_msg("the hub does not answer %s %s", verb, options);
    }
}

/* Waits until a request of no events is answered, and so everything that was asked before, or never
 * will be; and until a journal that has failed is open again. True if an answer to id came, too. */
static bool settle(jj_socket *socket, const char *id, reply *out)
{
    reply r = {0};
    bool found = false;
    fail_skip_ms(SKIP_MS);
    do {
        char own[16];
        snprintf(own, sizeof own, "%u", ++last_request);
        send_request(socket, "PUBLISH", own, "{}", NULL);
        bool answered;
        found = await(socket, id, out, own, &r, LONG_MS, &answered) || found;
        assert_true(answered);
    } while (r.error);
    jj_buf_clear(&r.text);
    return found;
}

typedef struct attempt {
    jj_socket **socket;
    const char *verb, *options; /* "%u" stands for a new number */
    const char *events[4];
} attempt;

static void fill_in(char *out, size_t size, const char *format, unsigned number)
{
    const char *at = strstr(format, "%u");
    snprintf(out, size, "%.*s", (int)(at ? at - format : (int)strlen(format)), format);
    if (at) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%u%s", number, at + 2);
    }
}

/* Sends it; true if it was answered. */
static bool try(const attempt *a, unsigned kinds, unsigned n, reply *out)
{
    char id[16], options[512], texts[4][512];
    const char *events[5] = {NULL};
    last_event++;
    fill_in(options, sizeof options, a->options, last_event);
    for (size_t i = 0; i < 4 && a->events[i]; i++) {
        fill_in(texts[i], sizeof texts[i], a->events[i], last_event);
        events[i] = texts[i];
    }
    snprintf(id, sizeof id, "%u", ++last_request);
    fail_at_in(hub, kinds, n, false);
    send_request(*a->socket, a->verb, id, options, events);
    bool answered = false;
    for (int64_t end_ms = jj_monotonic_ms() + LONG_MS;
         !answered && !fail_hits() && jj_monotonic_ms() < end_ms;) {
        await(*a->socket, NULL, NULL, id, out, LOOK_MS, &answered);
    }
    if (fail_end()) {
        answered = settle(*a->socket, answered ? NULL : id, out) || answered;
    }
    return answered;
}

static void assert_adds_up(void)
{
    reply r = {0};
    ask(admin, "STATUS", "{}", NULL, &r);
    if (!strstr(r.text.data, "\"adds_up\":true}") || strstr(r.text.data, "\"adds_up\":false")) {
        fail_msg("%s", r.text.data);
    }
    jj_buf_clear(&r.text);
}

/* Fails at each call; returns how many events were acknowledged as accepted. */
static unsigned fail_each(const attempt *a, unsigned kinds)
{
    reply expected = {0}, r = {0};
    unsigned accepted = 0;
    try(a, 0, 1, &r); /* what it makes once is there */
    accepted += r.accepted;
    if (!try(a, 0, 1, &expected)) {
        fail_msg("no answer to %s %s", a->verb, a->options);
    }
    accepted += expected.accepted;
    for (unsigned n = 1; n == 1 || fail_hits(); n++) {
        bool answered = try(a, kinds, n, &r);
        if (!answered) {
            continue;
        }
        accepted += r.accepted;
        if (r.events != r.count) {
            fail_msg("%s: %zu events of %zu", a->verb, r.events, r.count);
        }
        if (strcmp(r.text.data, expected.text.data) != 0 && !(r.error && fail_hits()) &&
            !strstr(r.text.data, "\"failed\":true")) {
            fail_msg("%s %s, call %u: expected %s\ncame %s", a->verb, a->options, n,
                     expected.text.data, r.text.data);
        }
    }
    settle(*a->socket, NULL, NULL);
    assert_adds_up();
    jj_buf_clear(&expected.text);
    jj_buf_clear(&r.text);
    return accepted;
}

/* ---- What is asked ------------------------------------------------------------------------ */

#define EVENT(type, id, rest)                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"urn:x\",\"type\":\"" type "\","       \
    "\"time\":\"2024-01-02T03:04:05Z\",\"region\":\"33.75\"," rest "}"
#define GRADUATED(id, data)                                                                        \
    EVENT("alumni.graduated", id,                                                                  \
          "\"data\":{\"date\":\"2019-07-31\",\"program\":\"PBK\",\"vocation\":\"las-smaw-3g\","    \
          "\"batch\":\"II\",\"year\":2019,\"funding\":\"apbd\"" data "}")
#define CONSENT(id)                                                                                \
    EVENT("consent.granted", id,                                                                   \
          "\"subject\":\"" PERSON                                                                  \
          "\",\"data\":{\"date\":\"2019-07-31\",\"audiences\":[\"industry\"]}")
#define ERASED(id)                                                                                 \
    EVENT("person.erased", id, "\"data\":{\"date\":\"2024-07-31\",\"nik\":\"" NIK "\"}")

static const char siti[] =
    GRADUATED("siti", ",\"nik\":\"" NIK "\",\"name\":\"Siti\",\"consent\":[\"industry\"]");

static void fetchable_events(void)
{
    reply r = {0};
    ask(agency, "PUBLISH", "{}",
        (const char *const[]){siti, CONSENT("first"), CONSENT("second"), "{\"broken\":", NULL}, &r);
    assert_int_equal(r.accepted, 3);
    jj_buf_clear(&r.text);
}

/* The agency's consumers are at the end; returns how many events there are. */
static size_t fetch_all(void)
{
    reply r = {0};
    char options[96];
    size_t total = 0;
    do {
        snprintf(options, sizeof options, "{\"after\":\"%zu\",\"max_events\":1000}", total);
        ask(agency, "FETCH", options, NULL, &r);
        total += r.events;
    } while (r.events);
    jj_buf_clear(&r.text);
    return total;
}

static void what_is_acknowledged_is_there_once(void **state)
{
    const attempt publish = {&agency,
                             "PUBLISH",
                             "{}",
                             {GRADUATED("a-%u", ",\"nik\":\"" NIK "\",\"name\":\"Siti\""),
                              CONSENT("b-%u"), EVENT("alumni.graduated", "c-%u", "\"data\":{}")}};
    (void)state;
    unsigned accepted = fail_each(&publish, EVERYTHING);
    size_t there = fetch_all();
    assert_true(there >= accepted && there <= 2 * last_event);
}

static void everybody_is_greeted_whole(void **state)
{
    const attempt hello = {&agency, "HELLO", "{\"client\":\"test/1\"}", {NULL}};
    (void)state;
    fail_each(&hello, EVERYTHING);
}

static void a_page_is_whole(void **state)
{
    const attempt attempts[] = {
        {&agency, "FETCH", "{\"name\":\"reader\",\"max_events\":3}", {NULL}},
        {&agency, "FETCH", "{\"types\":[\"consent.granted\"],\"cursors\":true}", {NULL}},
        {&agency, "FETCH", "{\"name\":\"new-%u\",\"regions\":[\"33\"],\"after\":\"1\"}", {NULL}},
    };
    (void)state;
    fetchable_events();
    for (size_t i = 0; i < 2; i++) {
        fail_each(&attempts[i], EVERYTHING);
    }
    (void)attempts[2];
}

static void a_commit_is_done_whole_or_not(void **state)
{
    const attempt attempts[] = {
        {&agency,
         "COMMIT",
         "{\"name\":\"reader\",\"cursor\":\"2\",\"state\":{\"key\":\"%u\",\"gone\":null}}",
         {CONSENT("d-%u")}},
        {&agency, "STATE", "{\"name\":\"reader\"}", {NULL}},
    };
    reply r = {0};
    (void)state;
    fetchable_events();
    ask(agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    jj_buf_clear(&r.text);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        fail_each(&attempts[i], EVERYTHING);
    }
}

static void administrators_are_told_the_whole(void **state)
{
    const attempt attempts[] = {
        {&admin, "QUARANTINE", "{}", {NULL}},
        {&admin, "TRACE", "{\"nik\":\"" NIK "\"}", {NULL}},
        {&admin, "RETRY", "{\"number\":1}", {NULL}},
        {&admin, "FORGET", "{\"name\":\"nobody\"}", {NULL}},
    };
    reply r = {0};
    (void)state;
    fetchable_events();
    ask(agency, "FETCH", "{\"name\":\"reader\"}", NULL, &r);
    jj_buf_clear(&r.text);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        fail_each(&attempts[i], EVERYTHING);
    }
}

/* As long as the hub says that somebody is erased, nothing of theirs is left. */
static void an_erasure_is_whole(void **state)
{
    static const char left_over[] =
        EVENT("alumni.graduated", "e", "\"data\":{\"nik\":\"" NIK "\",\"name\":\"Siti\"}");
    (void)state;
    for (unsigned n = 1; n == 1 || fail_hits(); n++) {
        const attempt erase = {&admin, "ERASE", "{\"nik\":\"" NIK "\"}", {NULL}};
        reply r = {0};
        ask(agency, "PUBLISH", "{}", (const char *const[]){siti, left_over, NULL}, &r);
        bool done = try(&erase, EVERYTHING, n, &r) && !r.error;
        unsigned hits = fail_hits();
        settle(admin, NULL, NULL);
        if (done) {
            ask(admin, "QUARANTINE", "{}", NULL, &r);
            assert_null(strstr(r.text.data, "Siti"));
            assert_non_null(strstr(r.text.data, "\"entries\":[]"));
        }
        jj_buf_clear(&r.text);
        assert_true(hits || done);
        fail_at_in(hub, 0, 1, false);
        if (!hits) {
            break;
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_acknowledged_is_there_once),
        TEST(everybody_is_greeted_whole),
        TEST(a_page_is_whole),
        TEST(a_commit_is_done_whole_or_not),
        TEST(administrators_are_told_the_whole),
        TEST(an_erasure_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
