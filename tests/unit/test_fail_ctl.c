/*
 * jejaringctl while memory, files, sockets and libraries fail at each call in turn, with a hub that
 * runs and is well. A command that says it is done has said what it says when nothing fails; any
 * other ends with one of its exit codes and words on stderr; nothing stays open.
 */
#include "base/fs.h"
#include "base/id.h"
#include "ctl/command.h"
#include "fail.h"
#include "hub/hub.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL_KINDS  (FAIL_MEMORY | FAIL_FILE | FAIL_SOCKET | FAIL_SYSTEM | FAIL_LIBRARY)
#define WORDS_MAX  16
#define OUTPUT_MAX (1 << 18)

static char folder[64];
static pid_t hub;

/* What a command said. */
typedef struct said {
    int code;
    char out[OUTPUT_MAX], err[8192];
} said;

static said *came, *wanted;

/* ---- The node ----------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, const char *text)
{
    assert_int_equal(jj_file_write(path_of(name), text, strlen(text), 0600, NULL), 0);
}

/* One that nobody listens at. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void write_config(void)
{
    char text[4 * PATH_MAX], schemas[PATH_MAX], plugins[PATH_MAX], where[PATH_MAX];
    const char *build = getenv("B");
    snprintf(where, sizeof where, "%s/plugins", build ? build : "build");
    assert_non_null(realpath("schemas", schemas));
    assert_non_null(realpath(where, plugins));
    snprintf(text, sizeof text,
             "node: here\nregion: \"33.75\"\nschemas: %s\nplugin_path: %s\nstate: state\nrun: run\n"
             "agencies: agencies.d\nserver_key: hub.key\nlog: error\nhub:\n"
             "  listen:\n    - {endpoint: \"tcp://127.0.0.1:%d\"}\n"
             "    - {endpoint: \"ipc://%s/run/bank.sock\", as: bank}\n"
             "plugins:\n  blk:\n    audiences: [blk]\n    inbox: inbox/blk\n"
             "  industry:\n    audiences: [industry, blk, disability]\n",
             schemas, plugins, free_port(), folder);
    put_file("jejaringd.yaml", text);
    put_file("agencies.d/bank.yaml", "id: bank\nname: Bank\naudiences: [blk, industry]\n"
                                     "regions: [\"33.75\"]\npublishes: [\"*\"]\n");
}

static void start_hub(void)
{
    int ends[2];
    char word[8] = "";
    jj_findings findings = {0};
    const jj_config *config = NULL;
    if (jj_config_load(&config, path_of("jejaringd.yaml"), &findings)) {
        jj_findings_print(&findings, stderr);
        fail();
    }
    assert_int_equal(pipe(ends), 0);
    hub = fork();
    if (hub == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        close(ends[0]);
        exit(jj_hub_run(config, NULL, ends[1]));
    }
    close(ends[1]);
    jj_config_free(config);
    assert_true(read(ends[0], word, 5) == 5);
    assert_string_equal(word, "READY");
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st, (void)flag, (void)walk;
    return remove(path);
}

static void remove_all(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- Commands ----------------------------------------------------------------------------- */

/* What a command writes to a stream, into a file meanwhile. */
typedef struct capture {
    int stream, kept, file;
} capture;

static capture capture_begin(int stream)
{
    capture c = {.stream = stream, .kept = dup(stream)};
    c.file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(c.kept >= 0 && c.file >= 0 && dup2(c.file, stream) == stream);
    return c;
}

static void capture_end(const capture *c, char *text, size_t room)
{
    dup2(c->kept, c->stream);
    ssize_t size = pread(c->file, text, room - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    close(c->kept);
    close(c->file);
}

/* As main() does it. */
static int run_command(int argc, char **argv)
{
    jj_ctl ctl = {0};
    int code = jj_command_parse(&ctl, argc, argv);
    if (code < 0) {
        code = jj_ctl_finish(ctl.command->run(&ctl));
    }
    jj_ctl_clear(&ctl);
    return code;
}

/* Numbers change from one run to the next: 2026-11-22 and 7 ms become #. */
static void mask(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        bool digit = *at >= '0' && *at <= '9';
        if (!digit || to == text || to[-1] != '#') {
            *to++ = digit ? '#' : *at;
        }
    }
    *to = '\0';
}

/* Words are parted by blanks; @ stands for the folder of this test. Call 0: none fails. Returns
 * whether one did. */
static bool run(said *to, const char *words, unsigned call)
{
    char text[1024], *argv[WORDS_MAX + 2] = {"jejaringctl"};
    int argc = 1;
    size_t size = 0;
    for (; *words; words++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s", *words == '@' ? 63 : 1,
                                 *words == '@' ? folder : words);
    }
    for (char *rest = text, *word; (word = strsep(&rest, " "));) {
        argv[argc++] = word;
    }
    fflush(stdout);
    capture out = capture_begin(STDOUT_FILENO), err = capture_begin(STDERR_FILENO);
    if (call) {
        fail_at(ALL_KINDS, call, false);
    }
    to->code = run_command(argc, argv);
    bool hit = fail_end();
    fflush(stdout);
    clearerr(stdout);
    capture_end(&out, to->out, sizeof to->out);
    capture_end(&err, to->err, sizeof to->err);
    mask(to->out);
    return hit;
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *list = opendir("/proc/self/fd");
    assert_non_null(list);
    while (readdir(list)) {
        count++;
    }
    closedir(list);
    return count;
}

static bool is_exit_code(int code)
{
    for (const jj_exit_doc *doc = jj_exit_docs; doc->doc; doc++) {
        if (doc->code == code) {
            return true;
        }
    }
    return false;
}

typedef struct trial {
    const char *words;
    const char *made;   /* what it makes beside the folder "made", if anything */
    const char *before; /* a command that is given before, each time; may be NULL */
    bool less;          /* it may leave out a line for want of what stands in it */
    bool random;        /* it says a key, another one each time */
} trial;

static void prepare(const trial *t)
{
    remove_all(path_of("made"));
    assert_int_equal(mkdir(path_of("made"), 0700), 0);
    if (t->made) {
        remove_all(path_of(t->made));
    }
    if (t->before) {
        run(came, t->before, 0);
        if (came->code) {
            fail_msg("%s: %d\n%s", t->before, came->code, came->err);
        }
    }
}

/* Whether each line of it is one of the other text. */
static bool has_lines(const char *all, const char *text)
{
    char line[512];
    for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
        snprintf(line, sizeof line, "%.*s\n", (int)strcspn(at, "\n"), at);
        if (!strstr(all, line)) {
            return false;
        }
    }
    return true;
}

static void judge(const trial *t, unsigned call, bool hit)
{
    bool same = came->code == wanted->code && (t->random || strcmp(came->out, wanted->out) == 0);
    bool less = t->less && hit && has_lines(wanted->out, came->out);
    bool failed = hit && came->code && is_exit_code(came->code) && came->err[0];
    if (!same && !failed && !less) {
        fail_msg("%s, call %u: exit code %d and not %d\n--- stderr\n%s\n--- stdout\n%.2000s\n--- "
                 "not\n%.2000s",
                 t->words, call, came->code, wanted->code, came->err, came->out, wanted->out);
    }
}

static void try_each_call(const trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        prepare(&trials[i]);
        run(wanted, trials[i].words, 0);
        prepare(&trials[i]);
        run(wanted, trials[i].words, 0); /* what is made once is there now */
        if (!is_exit_code(wanted->code) || wanted->code == JJ_EXIT_USAGE) {
            fail_msg("%s: %d\n%s", trials[i].words, wanted->code, wanted->err);
        }
        size_t files = open_files();
        bool hit = true;
        for (unsigned call = 1; hit; call += 1 + call / 32) { /* some read hundreds of files */
            prepare(&trials[i]);
            hit = run(came, trials[i].words, call);
            judge(&trials[i], call, hit);
            if (open_files() != files) {
                fail_msg("%s, call %u: %zu files are open, not %zu", trials[i].words, call,
                         open_files(), files);
            }
        }
    }
}

#define TRY(trials) try_each_call(trials, sizeof trials / sizeof *trials)

static void what_needs_no_hub(void **state)
{
    static const trial trials[] = {
        {.words = "version --json"},
        {.words = "help report absorption"},
        {.words = "manual commands"},
        {.words = "completion bash"},
        {.words = "schema check schemas/events/batch.closed.json --json"},
        {.words = "schema validate schemas/events/batch.closed.json @/batch.json"},
        {.words = "schema validate schemas/events/batch.closed.json @/batch.json --json"},
        {.words = "keys new @/made/k"},
        {.words = "keys pair @/made/k --json", .random = true},
        {.words = "keys curve @/made/k", .random = true},
        {.words = "plugin new voucher @/made/v --schema voucher.granted"},
        {.words = "sim --print --events 20"},
        {.words = "agency list -c @/jejaringd.yaml"},
        {.words = "agency list -c @/jejaringd.yaml --json"},
        {.words = "agency show bank -c @/jejaringd.yaml --json"},
        {.words = "import alumni.graduated @/alumni.csv --dry-run -c @/jejaringd.yaml"},
        {.words = "import alumni.graduated @/alumni.csv --dry-run -c @/jejaringd.yaml --json"},
    };
    (void)state;
    TRY(trials);
}

#define ADD                                                                                        \
    "agency add coop -c @/jejaringd.yaml --name Dinas --audience cooperative --region 33.75 "      \
    "--publish order.placed --host 127.0.0.1 --bundle @/made/coop"

static void what_changes_agencies(void **state)
{
    static const trial trials[] = {
        {.words = ADD, .made = "agencies.d/coop.yaml", .random = true},
        {.words = "agency revoke coop -c @/jejaringd.yaml",
         .made = "agencies.d/coop.yaml",
         .before = ADD},
        {.words = "agency rotate coop -c @/jejaringd.yaml --host 127.0.0.1 --bundle @/made/c2",
         .made = "agencies.d/coop.yaml",
         .before = ADD,
         .random = true},
    };
    (void)state;
    TRY(trials);
}

#define HUB " -c @/jejaringd.yaml --timeout 100ms"

static void what_asks_the_hub(void **state)
{
    static const trial trials[] = {
        {.words = "status" HUB},
        {.words = "status --json" HUB},
        {.words = "balance" HUB},
        {.words = "fetch" HUB},
        {.words = "fetch --type order.* --json" HUB},
        {.words = "quarantine list" HUB},
        {.words = "quarantine list --json" HUB},
        {.words = "quarantine show 1" HUB},
        {.words = "quarantine retry all" HUB},
        {.words = "node list" HUB},
        {.words = "erasures" HUB},
        {.words = "audit verify" HUB},
        {.words = "trace 0f1af257-50e8-873f-a2b7-6174c0be81a1" HUB},
        {.words = "metrics" HUB, .less = true},
        {.words = "publish @/events.jsonl" HUB},
        {.words = "sim --events 20" HUB},
        {.words = "import alumni.graduated @/alumni.csv --agency blk" HUB,
         .made = "alumni.ditolak.csv"},
        {.words = "backup @/made/b" HUB},
    };
    (void)state;
    TRY(trials);
}

/* What is done at the exit, as by gcov, is not meant to fail. */
static void memory_is_back(void)
{
    fail_end();
}

/* Where json is made without memory there is no half of an answer. */
static void without_memory_for_json_it_ends(void **state)
{
    (void)state;
    capture err = capture_begin(STDERR_FILENO), out = capture_begin(STDOUT_FILENO);
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {"jejaringctl", "version", "--json", NULL};
        json_set_alloc_funcs(jj_ctl_memory, free);
        atexit(memory_is_back);
        fail_at(FAIL_MEMORY, 1, true);
        _exit(run_command(3, argv));
    }
    int status = 0;
    waitpid(child, &status, 0);
    capture_end(&out, came->out, sizeof came->out);
    capture_end(&err, came->err, sizeof came->err);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), JJ_EXIT_FAILED);
    assert_non_null(strstr(came->err, "out of memory"));
    assert_string_equal(came->out, "");
}

/* ---- Set-up ------------------------------------------------------------------------------- */

#define EVENT(id, type, data)                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/33.75/disnaker/x\",\"type\":\"" type \
    "\",\"time\":\"2026-01-02T03:04:05Z\",\"region\":\"33.75\","                                   \
    "\"subject\":\"0f1af257-50e8-873f-a2b7-6174c0be81a1\",\"data\":" data "}\n"

void *__real_malloc(size_t size);

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/jejaring-fail-ctl-XXXXXX");
    came = calloc(1, sizeof *came);
    wanted = calloc(1, sizeof *wanted);
    if (!came || !wanted || !jj_id_init() || !mkdtemp(folder)) {
        return -1;
    }
    json_set_alloc_funcs(__real_malloc, free); /* jejaringctl ends without memory for JSON */
    jj_mkdir_all(path_of("agencies.d"), 0700, NULL);
    jj_mkdir_all(path_of("made"), 0700, NULL);
    put_file("batch.json", "{\"date\": \"2019-07-31\"}");
    put_file("alumni.csv", "NIK;Nama;Program;Kejuruan;Angkatan;Tahun;Tanggal Lulus\n"
                           "3375015005980001;Budi;Las;Las;II;2019;31/07/2019\n"
                           "3375015005980002;Siti;Las;Las;II;2019;kemarin\n");
    put_file("events.jsonl",
             EVENT("1", "order.completed", "{\"date\":\"2026-01-02\"}") EVENT("2", "no.such", "{}")
                 EVENT("3", "loan.applied", "{\"amount\":-1}"));
    write_config();
    run(came, "keys curve @/hub.key", 0);
    assert_int_equal(came->code, 0);
    start_hub();
    run(came, "publish @/events.jsonl -c @/jejaringd.yaml", 0);
    assert_int_equal(came->code, JJ_EXIT_REJECTED);
    return 0;
}

static int tear_down(void **state)
{
    int status = 0;
    (void)state;
    kill(hub, SIGTERM);
    waitpid(hub, &status, 0);
    remove_all(folder);
    free(came);
    free(wanted);
    return !WIFEXITED(status) || WEXITSTATUS(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_hub),
        cmocka_unit_test(what_changes_agencies),
        cmocka_unit_test(what_asks_the_hub),
        cmocka_unit_test(without_memory_for_json_it_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
