/* restore: puts a backup back in the place of a node that is lost. */
#include "ctl/backup.h"

#include "base/clock.h"
#include "base/fs.h"
#include "ctl/commands.h"
#include "daemon/check.h"
#include "jejaring/plugin.h"
#include "journal/backup.h"
#include "json/load.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAX (1024 * 1024)
#define USER         "jejaring" /* owns a state folder that root has to make */

typedef struct restore {
    const jj_config *config;
    const char *folder; /* the backup */
    json_t *manifest;   /* owned */
    char aside[4096];   /* where what was there goes, with --force */
    char made[JJ_TIME_SIZE];
    bool force;
    unsigned kept; /* agencies' files that were there and are another */
    uid_t uid;
    gid_t gid;
} restore;

/* ---- The backup ----------------------------------------------------------------------------- */

static int check_file(const restore *r, const json_t *entry, jj_error *err)
{
    char digest[65];
    const char *name = jj_json_string(entry, "name"), *said = jj_json_string(entry, "blake2b");
    char *path = name ? jj_path_join(r->folder, name) : NULL;
    int rc = path && said && !strstr(name, "..") && name[0] != '/'
                 ? jj_backup_digest(path, digest, err)
                 : jj_fail(err, JJ_EINVALID, "its manifest is damaged");

    if (rc == 0 && strcmp(digest, said) != 0) {
        rc = jj_fail(err, JJ_EINVALID, "%s is not as it was written: the backup is damaged", path);
    }
    free(path);
    return rc;
}

static int read_backup(restore *r, jj_error *err)
{
    size_t index;
    json_t *entry;
    char *path = jj_path_join(r->folder, JJ_BACKUP_MANIFEST);
    int rc = path ? jj_json_load_file(&r->manifest, path, MANIFEST_MAX, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    const char *node = jj_json_string(r->manifest, "node");
    const char *made = jj_json_string(r->manifest, "made");

    free(path);
    if (rc == 0 &&
        (json_integer_value(json_object_get(r->manifest, "format")) != 1 || !node || !made)) {
        rc = jj_fail(err, JJ_EVERSION, "it is not a backup that this program reads");
    }
    if (rc == 0 && strcmp(node, r->config->node) != 0) {
        rc = jj_fail(err, JJ_ECONFIG,
                     "it is of the node \"%.40s\", and the configuration is that of \"%s\"", node,
                     r->config->node);
    }
    snprintf(r->made, sizeof r->made, "%s", made ? made : "");
    json_array_foreach(json_object_get(r->manifest, "files"), index, entry)
    {
        rc = rc ? rc : check_file(r, entry, err);
    }
    return rc;
}

static bool is_in_backup(const restore *r, const char *name)
{
    size_t index;
    json_t *entry;

    json_array_foreach(json_object_get(r->manifest, "files"), index, entry)
    {
        const char *one = jj_json_string(entry, "name");
        if (one && strcmp(one, name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- What is there ------------------------------------------------------------------------ */

static int make_state(restore *r, jj_error *err)
{
    struct stat st;
    const struct passwd *user = getpwnam(USER);
    bool there = stat(r->config->state, &st) == 0;
    int rc = jj_mkdir_all(r->config->state, 0700, err);

    r->uid = there ? st.st_uid : geteuid() == 0 && user ? user->pw_uid : geteuid();
    r->gid = there ? st.st_gid : geteuid() == 0 && user ? user->pw_gid : getegid();
    if (rc == 0 && geteuid() == 0 && chown(r->config->state, r->uid, r->gid)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot give %s away", r->config->state);
    }
    return rc;
}

/* Moves a file out of the way; nothing is ever deleted. */
static int put_aside(restore *r, const char *path, jj_error *err)
{
    const char *base = strrchr(path, '/');
    char to[8192];
    int rc = jj_mkdir_all(r->aside, 0700, err);

    snprintf(to, sizeof to, "%s/%s", r->aside, base ? base + 1 : path);
    if (rc == 0 && rename(path, to) && errno != ENOENT) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot move %s to %s", path, r->aside);
    }
    return rc;
}

static int clear_place(restore *r, const char *journal, jj_error *err)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    int rc = 0;

    if (access(journal, F_OK) == 0 && !r->force) {
        return jj_fail(err, JJ_ECONFLICT,
                       "%s is there: --force moves it aside, and the node is then what it was at "
                       "%s",
                       journal, r->made);
    }
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s%s", journal, parts[i]);
        rc = access(path, F_OK) == 0 ? put_aside(r, path, err) : 0;
    }
    return rc;
}

/* ---- Putting back ------------------------------------------------------------------------- */

static int put_file(const restore *r, const char *name, const char *path, jj_error *err)
{
    char *from = jj_path_join(r->folder, name);
    char *dir = jj_path_dir(path);
    int rc = from && dir ? jj_mkdir_all(dir, 0700, err) : jj_fail(err, JJ_EMEMORY, "out of memory");

    rc = rc ? rc : jj_backup_copy(from, path, err);
    if (rc == 0 && geteuid() == 0 && chown(path, r->uid, r->gid)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot give %s to the daemon's user", path);
    }
    rc = rc ? rc : jj_dir_sync(dir, err);
    free(from);
    free(dir);
    return rc;
}

static bool is_same(const restore *r, const char *name, const char *path)
{
    char theirs[65], ours[65];
    char *from = jj_path_join(r->folder, name);
    bool same = from && jj_backup_digest(from, theirs, NULL) == 0 &&
                jj_backup_digest(path, ours, NULL) == 0 && strcmp(theirs, ours) == 0;
    free(from);
    return same;
}

/* A key that is there and is another one belongs to other data. */
static int put_key(restore *r, const char *name, const char *path, jj_error *err)
{
    if (!is_in_backup(r, name)) {
        return access(path, F_OK) == 0
                   ? 0
                   : jj_fail(err, JJ_ECONFLICT,
                             "the backup has no %s: put the node's own at %s first", name, path);
    }
    if (access(path, F_OK) == 0) {
        if (is_same(r, name, path)) {
            return 0;
        }
        if (!r->force) {
            return jj_fail(err, JJ_ECONFLICT,
                           "%s is there and is another key than the backup's: --force moves it "
                           "aside",
                           path);
        }
        int rc = put_aside(r, path, err);
        if (rc) {
            return rc;
        }
    }
    return put_file(r, name, path, err);
}

static int put_keys(restore *r, jj_error *err)
{
    char *node = jj_path_join(r->config->state, "node.key");
    char *own = jj_path_join(r->config->state, "person.key");
    const char *person = r->config->person_key ? r->config->person_key : own;
    int rc = node && person ? put_key(r, "keys/node.key", node, err)
                            : jj_fail(err, JJ_EMEMORY, "out of memory");

    rc = rc ? rc : put_key(r, "keys/person.key", person, err);
    if (rc == 0 && r->config->server_key && is_in_backup(r, "keys/server.key")) {
        rc = put_key(r, "keys/server.key", r->config->server_key, err);
    }
    free(node);
    free(own);
    return rc;
}

/* Agencies that were let in since, or had their keys changed, stay as they are now. */
static int put_agencies(restore *r, jj_error *err)
{
    static const char prefix[] = "config/agencies.d/";
    size_t index;
    json_t *entry;
    int rc = 0;

    json_array_foreach(json_object_get(r->manifest, "files"), index, entry)
    {
        const char *name = jj_json_string(entry, "name");
        if (rc || strncmp(name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        char *path = jj_path_join(r->config->agencies, name + strlen(prefix));
        if (!path) {
            rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        } else if (access(path, F_OK) == 0) {
            r->kept += !is_same(r, name, path);
        } else {
            rc = put_file(r, name, path, err);
        }
        free(path);
    }
    return rc;
}

/* The consumers of plugins that keep their own cursors are told: theirs mean other events now. */
static int mark_consumers(const restore *r, const json_t *grants, const char *journal,
                          jj_error *err)
{
    char names[JJ_PLUGINS_MAX][64];
    const char *list[JJ_PLUGINS_MAX + 1] = {0};
    size_t count = 0;
    const char *instance;
    json_t *grant;

    json_object_foreach((json_t *)(uintptr_t)grants, instance, grant)
    {
        if (json_is_true(json_object_get(grant, "resume")) && count < JJ_PLUGINS_MAX) {
            snprintf(names[count], sizeof names[count], "%s/main", instance);
            list[count] = names[count];
            count++;
        }
    }
    return jj_journal_mark(journal, list, JJ_STATE_RESTORED, r->made, err);
}

/* The journal last, by a rename: until then the node is not there. */
static int put_journal(restore *r, const json_t *grants, const char *journal, jj_error *err)
{
    jj_journal_facts facts;
    char coming[4096];

    snprintf(coming, sizeof coming, "%s.restoring", journal);
    unlink(coming); /* of a restore that was interrupted */
    int rc = put_file(r, "journal.db", coming, err);
    rc = rc ? rc : jj_journal_examine(coming, &facts, err);
    rc = rc ? rc : mark_consumers(r, grants, coming, err);
    rc = rc ? rc : clear_place(r, journal, err);
    if (rc == 0 && rename(coming, journal)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot put %s in its place", journal);
    }
    return rc ? rc : jj_dir_sync(r->config->state, err);
}

static int put_back(restore *r, const json_t *grants, jj_error *err)
{
    char *journal = jj_path_join(r->config->state, "journal.db");
    int rc = journal ? make_state(r, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    int lock = rc ? -1 : jj_journal_hold(journal, err);

    rc = rc ? rc : lock < 0 ? lock : 0;
    if (rc == 0 && !r->force && access(journal, F_OK) == 0) {
        rc = clear_place(r, journal, err); /* says why not, before anything is changed */
    }
    rc = rc ? rc : put_keys(r, err);
    rc = rc ? rc : put_agencies(r, err);
    rc = rc ? rc : put_journal(r, grants, journal, err);
    if (lock >= 0) {
        char path[4096];
        snprintf(path, sizeof path, "%s.lock", journal);
        if (geteuid() == 0 && chown(path, r->uid, r->gid)) {
            rc = rc ? rc : jj_fail_errno(err, JJ_ESYSTEM, "cannot give %s away", path);
        }
        close(lock);
    }
    free(journal);
    return rc;
}

/* ---- The command -------------------------------------------------------------------------- */

static int look_at_plugins(const jj_config *config, json_t *grants)
{
    jj_findings findings = {0};

    jj_check_plugins(config, grants, &findings);
    bool right = jj_findings_total(&findings) == 0;
    if (!right) {
        jj_findings_print(&findings, stderr);
        jj_ctl_say("jejaringctl: which plugins keep cursors of their own cannot be told\n"
                   "  next: mend the configuration first; nothing was changed");
    }
    jj_findings_clear(&findings);
    return right ? JJ_EXIT_OK : JJ_EXIT_CONFIG;
}

static void tell(const restore *r)
{
    printf("%s is again what it was at %s.\n", r->config->node, r->made);
    if (r->kept) {
        printf("%u agencies have other files now than then: theirs were kept.\n", r->kept);
    }
    if (access(r->aside, F_OK) == 0) {
        printf("What was there is in %s.\n", r->aside);
    }
    printf(
        "next: `jejaringctl check --connect`, then start jejaringd.\n"
        "      Whatever came in after that moment is to be sent again; what is there already does\n"
        "      no harm: producers send on, files of the folders done/ that are newer are dropped\n"
        "      in once more, and persons who were erased since are erased again.\n");
}

int jj_ctl_restore(jj_ctl *ctl)
{
    const jj_config *config;
    jj_error err = {0};
    char now[JJ_TIME_SIZE];
    int code = jj_ctl_config(ctl, &config);

    if (code) {
        return code;
    }
    restore r = {
        .config = config, .folder = ctl->args[0], .force = jj_ctl_option(ctl, "force") != NULL};
    json_t *grants = json_object();
    jj_time_format(jj_now_ms() / 1000 * 1000, now);
    snprintf(r.aside, sizeof r.aside, "%s/before-restore-%s", config->state, now);
    code = look_at_plugins(config, grants);
    if (code == 0) {
        int rc = read_backup(&r, &err);
        rc = rc ? rc : put_back(&r, grants, &err);
        code = rc ? jj_ctl_fail(r.folder, &err) : JJ_EXIT_OK;
    }
    if (code == 0 && ctl->json) {
        code = jj_ctl_print_json(json_pack("{s:s,s:s,s:O}", "node", config->node, "made", r.made,
                                           "journal", json_object_get(r.manifest, "journal")));
    } else if (code == 0) {
        tell(&r);
    }
    json_decref(r.manifest);
    json_decref(grants);
    return code;
}
