/* The whole check for a person who asks: as whom, in which order, and what is said. */
#include "daemon/check.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_CONFIG 78
/* Where systemd puts what the unit's LoadCredential names, while the service runs. */
#define CREDENTIALS "/run/credentials/jejaringd.service"

typedef struct check {
    const char *file;
    const jj_config *config; /* NULL: it could not be read */
    json_t *grants;
    jj_findings findings;
    bool as_service; /* root asks, and the daemon is somebody else: the service manager starts it */
} check;

static void print_json(const jj_findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const jj_error *err = &findings->list[i];
        json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:s,s:s}", "file", err->file, "line",
                                              err->line, "column", err->column, "text", err->text,
                                              "next", findings->remedies[i]));
    }
    json_dumpf(list, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(list);
}

/* A text that says what is expected needs no further word, but a person may want the whole rule. */
static void advise_all(jj_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (!findings->remedies[i][0]) {
            snprintf(findings->remedies[i], JJ_REMEDY_SIZE,
                     "correct it there; jejaring.yaml(5) says what each key takes");
        }
    }
}

static int report(check *c, enum jj_check_voice voice)
{
    bool right = jj_findings_total(&c->findings) == 0;

    advise_all(&c->findings);
    if (voice == JJ_CHECK_SILENT) {
        return right ? EXIT_SUCCESS : EXIT_CONFIG;
    }
    if (voice == JJ_CHECK_JSON) {
        print_json(&c->findings);
    } else if (right) {
        fprintf(stderr, "%s: the configuration is right: node %s, region %s, %zu plugins\n",
                c->file, c->config->node, c->config->region, c->config->plugins.count);
    } else {
        jj_findings_print(&c->findings, stderr);
    }
    fflush(NULL);
    return right ? EXIT_SUCCESS : EXIT_CONFIG;
}

static int check_all(check *c, jj_check_more *more, enum jj_check_voice voice)
{
    if (c->config) {
        jj_check_plugins(c->config, c->grants, &c->findings);
        jj_check_files(c->config, c->grants, &c->findings);
        jj_check_node(c->config, &c->findings);
        jj_check_places(c->config, c->grants, c->as_service, &c->findings);
        if (more) {
            more(c->config, c->grants, &c->findings);
        }
        jj_findings_sort(&c->findings);
    }
    return report(c, voice);
}

/* The owner of the state folder if the caller is root and it is somebody else; else 0. */
static uid_t daemon_user(const jj_config *config)
{
    struct stat st;
    return config && geteuid() == 0 && stat(config->state, &st) == 0 ? st.st_uid : 0;
}

/* Gives up root for good. */
static bool become(uid_t user)
{
    const struct passwd *entry = getpwuid(user);

    return entry && initgroups(entry->pw_name, entry->pw_gid) == 0 && setgid(entry->pw_gid) == 0 &&
           setuid(user) == 0;
}

/* Root may read and write everything; the daemon may not. In a process of its own, since there is
 * no way back to root. */
static int check_as(uid_t user, check *c, jj_check_more *more, enum jj_check_voice voice)
{
    int status = 0;
    char *lent = getenv("CREDENTIALS_DIRECTORY") ? NULL : jj_check_lend(user);

    c->as_service = true;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (lent) {
            setenv("CREDENTIALS_DIRECTORY", lent, 1);
        }
        if (!become(user)) {
            fprintf(stderr, "cannot check as the owner of %s (user %u)\n", c->config->state,
                    (unsigned)user);
            _exit(EXIT_CONFIG);
        }
        _exit(check_all(c, more, voice));
    }
    bool ended = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status);
    jj_check_take_back(lent);
    return ended ? WEXITSTATUS(status) : EXIT_CONFIG;
}

int jj_check_file(const char *file, jj_check_more *more, enum jj_check_voice voice)
{
    check c = {.file = file, .grants = json_object()};

    jj_config_load(&c.config, file, &c.findings);
    /* While the service runs, its user finds its keys where it does. */
    if (access(CREDENTIALS, R_OK | X_OK) == 0) {
        setenv("CREDENTIALS_DIRECTORY", CREDENTIALS, 0);
    }
    uid_t user = daemon_user(c.config);
    int code = user ? check_as(user, &c, more, voice) : check_all(&c, more, voice);
    json_decref(c.grants);
    jj_config_free(c.config);
    jj_findings_clear(&c.findings);
    return code;
}
