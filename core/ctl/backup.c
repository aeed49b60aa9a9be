/* backup: a copy of a node, also while it runs. */
#include "ctl/backup.h"

#include "base/clock.h"
#include "base/fs.h"
#include "ctl/commands.h"
#include "journal/backup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef JJ_VERSION
#define JJ_VERSION "0.0.0"
#endif

/* The folder must be a new one, or an empty one. */
static int make_folder(const char *folder, jj_error *err)
{
    int rc = jj_mkdir_all(folder, 0700, err);
    DIR *dir = rc ? NULL : opendir(folder);
    struct dirent *entry;

    if (rc == 0 && !dir) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot read the folder %s", folder);
    }
    while (rc == 0 && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            rc = jj_fail(err, JJ_ECONFLICT, "the folder %s is not empty: each backup has its own",
                         folder);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return rc || chmod(folder, 0700) == 0
               ? rc
               : jj_fail_errno(err, JJ_ESYSTEM, "cannot close the folder %s to others", folder);
}

static int note_file(json_t *list, const char *folder, const char *name, jj_error *err)
{
    char digest[65];
    struct stat st;
    char *path = jj_path_join(folder, name);
    int rc = path ? jj_backup_digest(path, digest, err) : jj_fail(err, JJ_EMEMORY, "out of memory");

    if (rc == 0 && stat(path, &st) == 0) {
        json_array_append_new(list, json_pack("{s:s,s:I,s:s}", "name", name, "size_bytes",
                                              (json_int_t)st.st_size, "blake2b", digest));
    }
    free(path);
    return rc;
}

static int copy_into(const char *folder, const jj_backup_file *file, jj_error *err)
{
    char *to = jj_path_join(folder, file->name);
    char *dir = to ? jj_path_dir(to) : NULL;
    int rc = dir ? jj_mkdir_all(dir, 0700, err) : jj_fail(err, JJ_EMEMORY, "out of memory");

    rc = rc ? rc : jj_backup_copy(file->path, to, err);
    rc = rc ? rc : jj_dir_sync(dir, err);
    free(dir);
    free(to);
    return rc;
}

/* Everything but the manifest; the list of what there is goes into `list`. */
static int copy_all(const jj_config *config, const char *folder, bool keys, json_t *list,
                    jj_journal_facts *facts, jj_error *err)
{
    jj_backup_files files = {0};
    char *from = jj_path_join(config->state, "journal.db");
    char *to = jj_path_join(folder, "journal.db");
    int rc = from && to ? jj_backup_list(config, &files, err)
                        : jj_fail(err, JJ_EMEMORY, "out of memory");

    rc = rc ? rc : jj_journal_backup(from, to, err);
    rc = rc ? rc : jj_journal_examine(to, facts, err);
    rc = rc ? rc : note_file(list, folder, "journal.db", err);
    for (size_t i = 0; i < files.count && rc == 0; i++) {
        if (keys || !files.list[i].is_key) {
            rc = copy_into(folder, &files.list[i], err);
            rc = rc ? rc : note_file(list, folder, files.list[i].name, err);
        }
    }
    jj_backup_list_clear(&files);
    free(from);
    free(to);
    return rc;
}

static int write_json(const char *path, const json_t *value, jj_error *err)
{
    char *text = value ? json_dumps(value, JSON_INDENT(1)) : NULL;
    int rc = text ? jj_file_write(path, text, strlen(text), 0600, err)
                  : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(text);
    return rc;
}

/* What `doctor` reads. The state folder's owner is the daemon's user. */
static int remember(const jj_config *config, const char *folder, const char *made, jj_error *err)
{
    struct stat st;
    char *path = jj_path_join(config->state, JJ_BACKUP_LAST);
    json_t *note = json_pack("{s:s,s:s}", "made", made, "folder", folder);
    int rc = path ? write_json(path, note, err) : jj_fail(err, JJ_EMEMORY, "out of memory");

    if (rc == 0 && geteuid() == 0 && stat(config->state, &st) == 0 &&
        chown(path, st.st_uid, st.st_gid)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot give %s to the daemon's user", path);
    }
    json_decref(note);
    free(path);
    return rc;
}

static int write_manifest(const jj_config *config, const char *folder, const char *made,
                          const jj_journal_facts *facts, json_t *list, jj_error *err)
{
    char *path = jj_path_join(folder, JJ_BACKUP_MANIFEST);
    json_t *manifest = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I}, s:O}", "format", 1, "version",
        JJ_VERSION, "node", config->node, "region", config->region, "made", made, "journal", "head",
        (json_int_t)facts->head, "tail", (json_int_t)facts->tail, "vault", (json_int_t)facts->vault,
        "audit", (json_int_t)facts->audit, "files", list);
    int rc = path ? write_json(path, manifest, err) : jj_fail(err, JJ_EMEMORY, "out of memory");

    json_decref(manifest);
    free(path);
    return rc;
}

int jj_ctl_backup(jj_ctl *ctl)
{
    const jj_config *config;
    jj_error err = {0};
    jj_journal_facts facts = {0};
    char made[JJ_TIME_SIZE], cwd[4096] = "";
    bool keys = jj_ctl_option(ctl, "without-keys") == NULL;
    int code = jj_ctl_config(ctl, &config);

    if (code) {
        return code;
    }
    json_t *list = json_array();
    char *folder = jj_path_join(getcwd(cwd, sizeof cwd) ? cwd : ".", ctl->args[0]);
    jj_time_format(jj_now_ms() / 1000 * 1000, made);
    int rc = folder ? make_folder(folder, &err) : jj_fail(&err, JJ_EMEMORY, "out of memory");
    rc = rc ? rc : copy_all(config, folder, keys, list, &facts, &err);
    rc = rc ? rc : write_manifest(config, folder, made, &facts, list, &err);
    rc = rc ? rc : remember(config, folder, made, &err);
    if (rc) {
        code = jj_ctl_fail("backup", &err);
    } else if (ctl->json) {
        code = jj_ctl_print_json(json_pack("{s:s,s:s,s:I,s:i,s:b}", "folder", folder, "made", made,
                                           "events", (json_int_t)facts.head, "files",
                                           (int)json_array_size(list), "keys", keys));
    } else {
        printf("%s: %s events, %s sealed contacts, %zu files%s\n", folder, jj_ctl_count(facts.head),
               jj_ctl_count(facts.vault), json_array_size(list),
               keys ? "; it holds the node's keys: keep it as you keep those"
                    : "; without keys it is of no use: keep those apart");
    }
    json_decref(list);
    free(folder);
    return code;
}
