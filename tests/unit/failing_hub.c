#include "failing_hub.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "event/key.h"
#include "event/secret.h"
#include "hub/hub.h"
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

#define LONG_MS 60000
#define LOOK_MS 2
#define SKIP_MS 3000 /* until a hub whose journal has failed opens it anew */
#define TOKEN   "the token of a plugin"

static char folder[64];
const jj_config *failing_hub_config;
pid_t failing_hub;
failing_hub_doors doors;
static jj_wire *wire;
static unsigned last_request;
unsigned hub_last_number;

/* ---- The hub ------------------------------------------------------------------------------ */

static const char *path_of(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, 160, "%s/%s", folder, name);
    return path;
}

static void write_agency(const char *id, const char *rest)
{
    char name[64], text[256];
    snprintf(name, sizeof name, "agencies.d/%s.yaml", id);
    snprintf(text, sizeof text, "id: %s\nname: %s\npublishes: [\"*\"]\n%s", id, id, rest);
    assert_int_equal(jj_file_write(path_of(name), text, strlen(text), 0600, NULL), 0);
}

void failing_hub_prepare(const char *schemas_folder, const char *more)
{
    static const char *const as[] = {"bank", "below", "beside"};
    jj_findings findings = {0};
    char text[PATH_MAX + 2048], schemas[PATH_MAX];
    /* Thousands of commits: where they need not wait for a disk. */
    snprintf(folder, sizeof folder, "%s/jejaring-fail-hub-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_true(jj_id_init() && mkdtemp(folder));
    assert_int_equal(jj_mkdir_all(path_of("agencies.d"), 0700, NULL), 0);
    write_agency("bank", "audiences: [blk, industry]\nregions: [\"33.75\"]\n");
    write_agency("below", "audiences: [blk]\nregions: [\"33.76\"]\nnode: below\n");
    write_agency("beside", "audiences: [blk]\nregions: [\"33\"]\nnode: beside\n");
    int used = snprintf(text, sizeof text,
                        "node: here\nregion: \"33.75\"\nschemas: %s\nstate: state\nrun: run\n"
                        "agencies: agencies.d\nlog: error\nplugins:\n"
                        "  store: {audiences: [node], regions: [\"*\"]}\n"
                        "  above: {audiences: [blk], regions: [\"*\"]}\n"
                        "hub:\n  retention: {lost_after: 100ms}\n  listen:\n",
                        realpath(schemas_folder, schemas));
    for (size_t i = 0; i < sizeof as / sizeof *as; i++) {
        used +=
            snprintf(text + used, sizeof text - (size_t)used,
                     "    - {endpoint: \"ipc://%s/run/%s.sock\", as: %s}\n", folder, as[i], as[i]);
    }
    used += snprintf(text + used, sizeof text - (size_t)used, "%s", more);
    if (jj_config_parse(&failing_hub_config, path_of("jejaringd.yaml"), text, (size_t)used,
                        &findings)) {
        jj_findings_print(&findings, stderr);
        fail();
    }
    jj_findings_clear(&findings);
}

void failing_hub_remove(void)
{
    char command[128];
    jj_config_free(failing_hub_config);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

bool failing_hub_fork(unsigned kinds, unsigned n)
{
    int ends[2];
    char word[8] = "";
    json_t *grants = json_pack("{s:{s:s, s:[s]}, s:{s:s, s:[s]}}", "store", "token", TOKEN,
                               "publishes", "*", "above", "token", TOKEN, "publishes", "*");
    assert_int_equal(pipe(ends), 0);
    failing_hub = fork();
    if (failing_hub == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's handler, which would go on with the tests here */
        signal(SIGABRT, SIG_DFL);
        close(ends[0]);
        fail_at(kinds, n, false);
        int rc = jj_hub_run(failing_hub_config, grants, ends[1]);
        json_decref(grants);
        exit(rc);
    }
    json_decref(grants);
    close(ends[1]);
    bool up = read(ends[0], word, 5) == 5 && strcmp(word, "READY") == 0;
    fail_end();
    return up; /* the pipe stays open: a hub that cannot write to it is ended by the signal */
}

static jj_socket *connect_to(const char *endpoint, const char *plugin)
{
    const jj_client_options options = {
        .endpoint = endpoint, .plain_user = plugin, .plain_password = plugin ? TOKEN : NULL};
    jj_socket *socket = NULL;
    assert_int_equal(jj_socket_dealer(&socket, wire, &options, NULL), 0);
    assert_int_equal(jj_socket_connect(socket, endpoint, NULL), 0);
    return socket;
}

int failing_hub_start(void **state)
{
    (void)state;
    hub_last_number = last_request = 0;
    failing_hub_prepare("schemas", "");
    assert_true(failing_hub_fork(0, 1));
    assert_int_equal(jj_wire_open(&wire, NULL), 0);
    const jj_hub_config *config = &failing_hub_config->hub;
    doors.admin = connect_to(config->admin_endpoint, NULL);
    doors.agency = connect_to(config->listen.list[0].endpoint, NULL);
    doors.below = connect_to(config->listen.list[1].endpoint, NULL);
    doors.beside = connect_to(config->listen.list[2].endpoint, NULL);
    doors.store = connect_to(config->plugin_endpoint, "store");
    doors.above = connect_to(config->plugin_endpoint, "above");
    return 0;
}

int failing_hub_stop(void **state)
{
    jj_socket *const all[] = {doors.admin,  doors.agency, doors.below,
                              doors.beside, doors.store,  doors.above};
    int status = 0;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        jj_socket_close(all[i]);
    }
    jj_wire_close(wire);
    kill(failing_hub, SIGTERM);
    waitpid(failing_hub, &status, 0);
    failing_hub_remove();
    return !WIFEXITED(status) || WEXITSTATUS(status);
}

/* ---- Requests ----------------------------------------------------------------------------- */

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

void hub_ask(jj_socket *socket, const char *verb, const char *options, const char *const *events,
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

/* What a PUBLISH of no events says: a node tells where in its journal they stand. */
static const char *no_events(const jj_socket *socket)
{
    return socket == doors.below
               ? "{\"origin\":{\"node\":\"below\",\"after\":\"0\",\"upto\":\"0\",\"sequences\":[]}}"
           : socket == doors.beside ? "{\"origin\":{\"node\":\"beside\",\"after\":\"0\",\"upto\":"
                                      "\"0\",\"sequences\":[]}}"
                                    : "{}";
}

static bool is_unavailable(const reply *r)
{
    return r->error && strstr(r->text.data, "\"code\":\"unavailable\"");
}

bool hub_settle(jj_socket *socket, const char *id, reply *out)
{
    reply r = {0};
    bool found = false;
    do {
        char own[16];
        fail_skip_ms(SKIP_MS);
        snprintf(own, sizeof own, "%u", ++last_request);
        send_request(socket, "PUBLISH", own, no_events(socket), NULL);
        bool answered;
        found = await(socket, id, out, own, &r, LONG_MS, &answered) || found;
        assert_true(answered);
    } while (is_unavailable(&r));
    jj_buf_clear(&r.text);
    return found;
}

static void fill_in(char *out, size_t size, const char *format, unsigned number)
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *next; (next = strstr(format, "%u")) != NULL; format = next + 2) {
        used += (size_t)snprintf(out + used, size - used, "%.*s%u", (int)(next - format), format,
                                 number);
    }
    snprintf(out + used, size - used, "%s", format);
}

bool hub_try(const attempt *a, unsigned kinds, unsigned n, bool from, reply *out)
{
    char id[16], options[512], texts[4][512];
    const char *events[5] = {NULL};
    hub_last_number++;
    fill_in(options, sizeof options, a->options, hub_last_number);
    for (size_t i = 0; i < 4 && a->events[i]; i++) {
        fill_in(texts[i], sizeof texts[i], a->events[i], hub_last_number);
        events[i] = texts[i];
    }
    snprintf(id, sizeof id, "%u", ++last_request);
    fail_at_in(failing_hub, kinds, n, from);
    send_request(*a->socket, a->verb, id, options, events);
    bool answered = false;
    for (int64_t end_ms = jj_monotonic_ms() + LONG_MS;
         !answered && !fail_hits() && jj_monotonic_ms() < end_ms;) {
        await(*a->socket, NULL, NULL, id, out, LOOK_MS, &answered);
    }
    if (fail_end()) {
        answered = hub_settle(*a->socket, answered ? NULL : id, out) || answered;
    }
    return answered;
}

void hub_person(const char *nik, char person[JJ_UUID_SIZE])
{
    unsigned char key[JJ_KEY_SIZE];
    assert_int_equal(jj_key_load(path_of("state/person.key"), key, NULL), 0);
    jj_person_key(key, nik, person);
}

void hub_event_key(const char *id, char hex[33])
{
    static const char time[] = "2024-01-02T03:04:05Z"; /* see EVENT_IN */
    unsigned char key[16];
    int64_t time_ms;
    assert_true(jj_time_parse(time, strlen(time), &time_ms));
    jj_event_key(time_ms, "urn:x", 5, id, strlen(id), key);
    jj_hex(key, sizeof key, hex);
}

void hub_assert_adds_up(void)
{
    reply r = {0};
    hub_ask(doors.admin, "STATUS", "{}", NULL, &r);
    if (!strstr(r.text.data, "\"adds_up\":true}") || strstr(r.text.data, "\"adds_up\":false")) {
        fail_msg("%s", r.text.data);
    }
    jj_buf_clear(&r.text);
}

unsigned hub_fail_each(const attempt *a, unsigned kinds, bool from)
{
    reply expected = {0}, r = {0};
    unsigned accepted = 0;
    hub_try(a, 0, 1, false, &r); /* what it makes once is there */
    accepted += r.accepted;
    if (!hub_try(a, 0, 1, false, &expected)) {
        fail_msg("no answer to %s %s", a->verb, a->options);
    }
    accepted += expected.accepted;
    for (unsigned n = 1; n == 1 || fail_hits(); n++) {
        if (!hub_try(a, kinds, n, from, &r)) {
            continue;
        }
        accepted += r.accepted;
        if (r.events != r.count) {
            fail_msg("%s: %zu events of %zu", a->verb, r.events, r.count);
        }
        /* What failed may be the hub's own upkeep: then STATUS says so. */
        bool failed = is_unavailable(&r) || strstr(r.text.data, "\"failed\":true");
        if (strcmp(r.text.data, expected.text.data) != 0 && !(fail_hits() && failed)) {
            fprintf(stderr, "expected %s\ncame %s\n", expected.text.data, r.text.data);
            fail_msg("%s %s, call %u", a->verb, a->options, n);
        }
    }
    hub_settle(*a->socket, NULL, NULL);
    hub_assert_adds_up();
    jj_buf_clear(&expected.text);
    jj_buf_clear(&r.text);
    return accepted;
}

size_t hub_fetch_all(jj_socket *socket, uint64_t *after, void (*look)(jj_bytes event))
{
    char options[96], id[16];
    size_t total = 0;
    uint64_t behind = 1;
    jj_message message = {0};
    while (behind) {
        json_t *result = NULL;
        snprintf(options, sizeof options, "{\"after\":\"%llu\",\"max_events\":1000}",
                 (unsigned long long)*after);
        snprintf(id, sizeof id, "%u", ++last_request);
        send_request(socket, "FETCH", id, options, NULL);
        while (jj_socket_receive(socket, &message) || !is_answer_to(&message, id)) {
            poll(NULL, 0, 1);
        }
        jj_bytes told = jj_message_frame(&message, 3);
        assert_int_equal(jj_json_load(&result, told.data, told.size_bytes, SIZE_MAX, NULL), 0);
        *after = strtoull(jj_json_string(result, "cursor"), NULL, 10);
        behind = (uint64_t)json_integer_value(json_object_get(result, "behind"));
        json_decref(result);
        for (size_t i = 4; i < message.count && look; i++) {
            look(jj_message_frame(&message, i));
        }
        total += message.count - 4;
    }
    jj_message_clear(&message);
    return total;
}
