/*
 * The daemon while the supervisor's memory, files, descriptors and processes fail at each call in
 * turn, from its start to its end. Its children are real: started anew, this program is one of
 * them. It becomes ready or ends with an error that the service manager answers with another start,
 * and so never with the one that says that the configuration is wrong; and it stops when it is told
 * to, leaving no process behind.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "daemon/role.h"
#include "daemon/supervisor.h"
#include "fail.h"

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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS     60000
#define EXIT_CONFIG 78
#define UP          "\"state\":\"up\""

static char folder[64], file[96];
static int manager = -1; /* the service manager's socket */

static void write_config(void)
{
    char text[2 * PATH_MAX + 512], schemas[PATH_MAX], plugins[PATH_MAX], where[PATH_MAX];
    const char *build = getenv("B");
    snprintf(where, sizeof where, "%s/plugins", build ? build : "build");
    snprintf(text, sizeof text,
             "node: here\nregion: \"33.75\"\nschemas: %s\nplugin_path: %s\nstate: state\n"
             "run: run\nlog: error\nplugins:\n  template:\n    audiences: [blk]\n",
             realpath("schemas", schemas), realpath(where, plugins));
    snprintf(file, sizeof file, "%s/jejaringd.yaml", folder);
    assert_int_equal(jj_file_write(file, text, strlen(text), 0600, NULL), 0);
}

static int set_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)state;
    strcpy(folder, "/tmp/jejaring-fail-super-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    write_config();
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", folder);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    /* A supervisor that was killed leaves its children to us. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return bind(manager, (struct sockaddr *)&address, sizeof address);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
    (void)st, (void)flag, (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    close(manager);
    unsetenv("NOTIFY_SOCKET");
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static pid_t start(unsigned kinds, unsigned call)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* not cmocka's handler, which would go on with the tests here */
        signal(SIGABRT, SIG_DFL);
        fail_at(kinds, call, false);
        int code = jj_supervisor_run(file);
        fail_end(); /* what is counted at the exit is not the supervisor's */
        exit(code);
    }
    return child;
}

/* Whether its own list of processes says so, where it could not tell the manager. */
static bool all_are_up(void)
{
    char path[96];
    jj_buf text = {0};
    snprintf(path, sizeof path, "%s/run/processes.json", folder);
    const char *first = jj_file_read(path, 1 << 20, &text, NULL) ? NULL : strstr(text.data, UP);
    bool both = first && strstr(first + 1, UP);
    jj_buf_clear(&text);
    return both;
}

/* Waits until the daemon is ready or has ended; true: ready. */
static bool await_ready(pid_t daemon, int *status)
{
    int64_t end_ms = jj_monotonic_ms() + LONG_MS;
    while (jj_monotonic_ms() < end_ms) {
        char word[512];
        struct pollfd item = {.fd = manager, .events = POLLIN};
        ssize_t got = poll(&item, 1, 10) > 0 ? recv(manager, word, sizeof word - 1, 0) : 0;
        if (got > 0) {
            word[got] = '\0';
            if (strcmp(word, "READY=1") == 0) {
                return true;
            }
        } else if (waitpid(daemon, status, WNOHANG) == daemon) {
            return false;
        } else if (fail_hits() && all_are_up()) {
            return true;
        }
    }
    fail_msg("neither ready nor ended");
    return false;
}

static void assert_ended(int status, bool ready)
{
    if (!WIFEXITED(status)) {
        fail_msg("ended by signal %d", WTERMSIG(status));
    }
    int code = WEXITSTATUS(status);
    if (ready ? code != 0 : code != EXIT_FAILURE) {
        fail_msg("%s, and ended with %d", ready ? "ready" : "not ready", code);
    }
}

/* What it left behind comes to us. */
static void assert_no_process_is_left(void)
{
    int64_t end_ms = jj_monotonic_ms() + LONG_MS;
    while (waitpid(-1, NULL, WNOHANG) >= 0) {
        assert_true(jj_monotonic_ms() < end_ms);
        poll(NULL, 0, 1);
    }
}

static void drain_manager(void)
{
    char word[512];
    while (recv(manager, word, sizeof word, MSG_DONTWAIT) > 0) {
    }
}

/* Starts it with the call failing, and stops it. Returns whether one failed. */
static bool live(unsigned kinds, unsigned call)
{
    int status = 0;
    pid_t daemon = start(kinds, call);
    bool ready = await_ready(daemon, &status);
    if (ready) {
        kill(daemon, SIGTERM);
        assert_int_equal(waitpid(daemon, &status, 0), daemon);
    }
    bool hit = fail_end();
    assert_ended(status, ready);
    assert_true(hit || ready);
    assert_no_process_is_left();
    drain_manager();
    return hit;
}

static void it_is_ready_or_to_be_started_again(void **state)
{
    (void)state;
    for (unsigned n = 1; live(FAIL_SYSTEM, n); n++) {
    }
}

static void without_memory_or_files_too(void **state)
{
    (void)state;
    for (unsigned n = 1; live(FAIL_MEMORY | FAIL_FILE, n); n += 4) { /* they are many */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_ready_or_to_be_started_again),
        TEST(without_memory_or_files_too),
    };
    if (argc >= 5 && strcmp(argv[1], "--role") == 0) {
        return jj_role_run(argv[2], argv[4], argc > 6 ? argv[6] : NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
