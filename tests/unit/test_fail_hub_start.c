/*
 * The start of a hub, with doors and a bell for agencies, failing at each call in turn: it can be
 * reached and is as it should be, or it ends with an error, and the next start finds nothing in its
 * way.
 */
#include "base/fs.h"
#include "failing_hub.h"
#include "journal/backup.h"
#include "journal/journal.h"

#include <arpa/inet.h>
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

#define KINDS (FAIL_SOCKET | FAIL_SYSTEM | FAIL_LIBRARY)

static char schemas[64], journal[192];

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Two types: what is loaded is not looked at here. */
static int set_up(void **state)
{
    char more[512], key[160], command[256];
    char public_key[JJ_Z85_SIZE], secret_key[JJ_Z85_SIZE];
    (void)state;
    strcpy(schemas, "/tmp/jejaring-fail-schemas-XXXXXX");
    assert_non_null(mkdtemp(schemas));
    snprintf(command, sizeof command,
             "mkdir '%s/events' && cp schemas/events/_defs.json schemas/events/person.erased.json "
             "schemas/events/consent.granted.json '%s/events'",
             schemas, schemas);
    assert_int_equal(system(command), 0);
    snprintf(key, sizeof key, "%s/server.key", schemas);
    assert_int_equal(jj_curve_pair(public_key, secret_key, NULL), 0);
    assert_int_equal(jj_file_write(key, secret_key, strlen(secret_key), 0600, NULL), 0);
    snprintf(more, sizeof more,
             "    - {endpoint: \"tcp://127.0.0.1:%d\"}\n  bell: [\"tcp://0.0.0.0:%d\"]\n"
             "server_key: %s\n",
             free_port(), free_port(), key);
    failing_hub_prepare(schemas, more);
    snprintf(journal, sizeof journal, "%s/journal.db", failing_hub_config->state);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    failing_hub_remove();
    snprintf(command, sizeof command, "rm -rf '%s'", schemas);
    return system(command);
}

/* Returns how many calls failed until it could be reached, or had ended. */
static unsigned start_once(unsigned kinds, unsigned n)
{
    int status = 0;
    bool up = failing_hub_fork(kinds, n);
    unsigned hits = fail_hits();
    if (up) {
        kill(failing_hub, SIGTERM);
    }
    waitpid(failing_hub, &status, 0);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) == 0) != up) {
        fail_msg("call %u: %s, and ended with %x", n, up ? "up" : "not up", status);
    }
    assert_true(up || hits);
    assert_false(jj_journal_is_held(journal));
    return hits;
}

static void a_hub_starts_or_ends_with_an_error(void **state)
{
    unsigned n = 1;
    (void)state;
    while (start_once(KINDS, n)) {
        n++;
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hub_starts_or_ends_with_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
