/*
 * A whole worker, in a process of its own, below a hub that is well: memory, sockets, files and
 * descriptors fail at each call in turn, from its first one on and while it works. It goes on or
 * ends with an error, never by a signal, and started again as the supervisor does it, it has
 * answered each event once, counted each once, and read its inbox to the end.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/id.h"
#include "config/config.h"
#include "fail.h"
#include "hub/hub.h"
#include "jejaring/client.h"
#include "worker/worker.h"
#include "json/load.h"

#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_KINDS (FAIL_MEMORY | FAIL_SOCKET | FAIL_FILE | FAIL_SYSTEM | FAIL_LIBRARY)
#define LONG_MS   60000
#define TOKEN     "secret"
#define INBOX     "inbox/incubation.selected"

static char folder[64];
static const jj_config *config;
static pid_t hub, worker;
static jj_client *admin, *agency;
static unsigned graduates; /* so far, of one vocation */

static const char *path_of(const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- The hub ------------------------------------------------------------------------------ */

static void read_config(void)
{
    char text[3 * PATH_MAX + 1024], schemas[PATH_MAX], plugins[PATH_MAX], where[PATH_MAX];
    static const char office[] = "id: office\nname: Office\naudiences: [blk]\nregions: [\"33\"]\n"
                                 "publishes: [\"*\"]\n";
    jj_findings findings = {0};
    const char *build = getenv("B");
    snprintf(where, sizeof where, "%s/plugins", build ? build : "build");
    assert_int_equal(jj_mkdir_all(path_of("agencies.d"), 0700, NULL), 0);
    jj_file_write(path_of("agencies.d/office.yaml"), office, sizeof office - 1, 0600, NULL);
    snprintf(text, sizeof text,
             "node: here\nregion: \"33.75\"\nschemas: %s\nplugin_path: %s\nstate: state\n"
             "run: run\nagencies: agencies.d\nlog: error\nhub:\n  listen:\n"
             "    - {endpoint: \"ipc://%s/run/office.sock\", as: office}\n"
             "plugins:\n  template:\n    audiences: [blk]\n    inbox: inbox\n"
             "    options: {milestone: 1}\n",
             realpath("schemas", schemas), realpath(where, plugins), folder);
    if (jj_config_parse(&config, path_of("jejaringd.yaml"), text, strlen(text), &findings)) {
        jj_findings_print(&findings, stderr);
        fail();
    }
    jj_findings_clear(&findings);
}

static pid_t fork_plainly(void)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's handler, which would go on with the tests here */
        signal(SIGABRT, SIG_DFL);
    }
    return child;
}

static void start_hub(void)
{
    int ends[2];
    char word[8] = "";
    json_t *grants = json_pack("{s:{s:s, s:[s], s:[s]}}", "template", "token", TOKEN, "publishes",
                               "incubation.selected", "subscribes", "alumni.graduated");
    assert_int_equal(pipe(ends), 0);
    hub = fork_plainly();
    if (hub == 0) {
        close(ends[0]);
        exit(jj_hub_run(config, grants, ends[1]));
    }
    close(ends[1]);
    json_decref(grants);
    assert_true(read(ends[0], word, 5) == 5);
    assert_string_equal(word, "READY");
}

static jj_client *open_client(const char *endpoint)
{
    const jj_client_options options = {.endpoint = endpoint, .timeout_ms = LONG_MS};
    jj_client *client = NULL;
    assert_int_equal(jj_client_open(&client, &options, NULL), 0);
    return client;
}

/* The result of a request, new. */
static json_t *ask(jj_client *client, const char *verb, const char *options, const char *event)
{
    const jj_bytes events = {event, event ? strlen(event) : 0};
    jj_reply reply = {0};
    jj_error err = {0};
    json_t *result = NULL;
    if (jj_client_request(client, verb, options, &events, event != NULL, &reply, &err)) {
        fail_msg("%s %s: %s", verb, options, err.text);
    }
    assert_int_equal(
        jj_json_load(&result, reply.result.data, reply.result.size_bytes, SIZE_MAX, NULL), 0);
    jj_reply_clear(&reply);
    return result;
}

static unsigned number(const json_t *object, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(object, name));
}

/* How many answers the journal has behind a cursor, which moves on. */
static unsigned answers_since(uint64_t *cursor)
{
    char options[160];
    unsigned total = 0, count;
    do {
        snprintf(options, sizeof options,
                 "{\"types\":[\"incubation.selected\"],\"max_events\":1000,\"after\":\"%llu\"}",
                 (unsigned long long)*cursor);
        json_t *result = ask(admin, "FETCH", options, NULL);
        *cursor = strtoull(jj_json_string(result, "cursor"), NULL, 10);
        total += count = number(result, "count");
        json_decref(result);
    } while (count);
    return total;
}

/* What the plugin has counted; only the hub knows. */
static unsigned counted(void)
{
    json_t *result =
        ask(admin, "STATE", "{\"consumer\":\"template/main\",\"prefix\":\"count/\",\"after\":\"\"}",
            NULL);
    const char *text =
        json_string_value(json_object_get(json_object_get(result, "state"), "count/las-smaw-3g"));
    unsigned count = text ? (unsigned)strtoul(text, NULL, 10) : 0;
    json_decref(result);
    return count;
}

/* ---- The worker --------------------------------------------------------------------------- */

/* call 0: none fails. */
static void start_worker(unsigned call)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    worker = fork_plainly();
    if (worker == 0) {
        close(ends[0]);
        if (call) {
            fail_at(ALL_KINDS, call, false);
        }
        int code = jj_worker_run(config, &config->plugins.list[0], TOKEN, ends[1]);
        fail_end(); /* what is counted at the exit is not the worker's */
        exit(code);
    }
    close(ends[1]);
    /* Its other end stays open as long as the worker lives: 100 is never a descriptor of ours. */
    dup2(ends[0], 100);
    close(ends[0]);
}

static void assert_no_signal(int status)
{
    if (!WIFEXITED(status)) {
        fail_msg("the worker ended by signal %d", WTERMSIG(status));
    }
    int code = WEXITSTATUS(status);
    if (code != 0 && code != 1 && code != 78) {
        fail_msg("the worker ended with %d", code);
    }
}

/* As the supervisor does it. */
static void mind_worker(void)
{
    int status;
    if (waitpid(worker, &status, WNOHANG) == worker) {
        assert_no_signal(status);
        start_worker(0);
    }
}

static void stop_worker(void)
{
    int status = 0;
    kill(worker, SIGTERM);
    assert_int_equal(waitpid(worker, &status, 0), worker);
    assert_no_signal(status);
}

static void graduate(void)
{
    char event[640];
    snprintf(event, sizeof event,
             "{\"specversion\":\"1.0\",\"id\":\"g-%u\",\"source\":\"urn:x\",\"type\":"
             "\"alumni.graduated\",\"time\":\"2024-01-02T03:04:05Z\",\"region\":\"33.75\","
             "\"data\":{\"date\":\"2019-07-31\",\"program\":\"PBK\",\"vocation\":\"las-smaw-3g\","
             "\"batch\":\"II\",\"year\":2019,\"funding\":\"apbd\",\"nik\":\"3375015005980001\"}}",
             ++graduates);
    json_t *result = ask(agency, "PUBLISH", "{}", event);
    assert_int_equal(number(result, "accepted"), 1);
    json_decref(result);
}

static void drop_file(unsigned year)
{
    char text[256];
    snprintf(text, sizeof text,
             "Kunci Orang;Tanggal;Kejuruan;Angkatan;Tahun;Peringkat\n"
             "0f1af257-50e8-873f-a2b7-6174c0be81a1;31/07/2019;Las;%u;2019;1\n",
             year);
    assert_int_equal(jj_file_write(path_of("new.csv"), text, strlen(text), 0660, NULL), 0);
    assert_int_equal(rename(path_of("new.csv"), path_of(INBOX "/a.csv")), 0);
}

/* Until so many answers have come. The worker's waiting costs nothing. */
static void await_answers(uint64_t *cursor, unsigned wanted)
{
    int64_t end_ms = jj_monotonic_ms() + LONG_MS, skipped_ms = 0;
    unsigned found = 0, turns = 0;
    while ((found += answers_since(cursor)) < wanted) {
        mind_worker();
        poll(NULL, 0, 2);
        if (++turns % 50 == 0) {
            fail_skip_ms(2000);
            skipped_ms += 2000;
        }
        if (jj_monotonic_ms() - skipped_ms > end_ms) {
            fail_msg("%u answers of %u", found, wanted);
        }
    }
    assert_int_equal(found, wanted);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/jejaring-fail-worker-XXXXXX");
    if (!jj_id_init() || !mkdtemp(folder)) {
        return -1;
    }
    graduates = 0;
    read_config();
    start_hub();
    admin = open_client(config->hub.admin_endpoint);
    agency = open_client(config->hub.listen.list[0].endpoint);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st, (void)flag, (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    int status = 0;
    (void)state;
    jj_client_close(admin);
    jj_client_close(agency);
    kill(hub, SIGTERM);
    waitpid(hub, &status, 0);
    jj_config_free(config);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    close(100);
    return !WIFEXITED(status) || WEXITSTATUS(status);
}

/* ---- What must hold ----------------------------------------------------------------------- */

static void from_its_first_call_on(void **state)
{
    uint64_t cursor = 0;
    unsigned hits = 1;
    (void)state;
    for (unsigned n = 1; hits; n++) {
        graduate();
        start_worker(n);
        await_answers(&cursor, 1);
        hits = fail_end();
        stop_worker();
    }
    assert_int_equal(counted(), graduates);
}

static void while_it_works(void **state)
{
    uint64_t cursor = 0;
    unsigned hits = 1;
    (void)state;
    start_worker(0);
    graduate();
    await_answers(&cursor, 1);
    for (unsigned n = 1; hits; n++) {
        fail_at_in(worker, ALL_KINDS, n, false);
        graduate();
        await_answers(&cursor, 1);
        hits = fail_end();
    }
    assert_int_equal(counted(), graduates);
    stop_worker();
}

static void while_it_reads_its_inbox(void **state)
{
    uint64_t cursor = 0;
    unsigned hits = 1;
    (void)state;
    start_worker(0);
    graduate();
    await_answers(&cursor, 1);
    for (unsigned n = 1; hits; n += 3) { /* of three calls one: they are many */
        fail_at_in(worker, ALL_KINDS, n, false);
        drop_file(n);
        await_answers(&cursor, 1);
        hits = fail_end();
    }
    stop_worker();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(from_its_first_call_on),
        TEST(while_it_works),
        TEST(while_it_reads_its_inbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
