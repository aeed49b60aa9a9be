/* What lies around a running node: files, disk, clock, database. */
#include "ctl/doctor.h"

#include "../../plugins/warehouse/migrate.h"
#include "base/clock.h"
#include "base/fs.h"
#include "ctl/backup.h"
#include "ctl/warehouse.h"
#include "daemon/check.h"
#include "json/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000
#define NOTE_MAX           65536
#define CLOCKS_MS          5000 /* two clocks may differ so much: the question takes time, too */

void jj_doctor_config(jj_doctor *doctor)
{
    if (jj_check_file(jj_ctl_file(doctor->ctl), NULL, JJ_CHECK_SILENT)) {
        jj_doctor_wrong(doctor, "`jejaringctl check` shows what, with its place and remedy",
                        "something is wrong with the configuration: the daemon would not start "
                        "with it, or leave an agency out");
    }
}

/* ---- Keys ----------------------------------------------------------------------------------- */

static void look_at_key(jj_doctor *doctor, const char *what, const char *path)
{
    struct stat st, state;

    if (!path || stat(path, &st)) {
        return; /* the daemon makes it, or the check has said so */
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        jj_doctor_wrong(doctor, jj_doctor_next(doctor, "chmod 600 %.200s", path),
                        "others may read the %s %.300s (mode %04o)", what, path,
                        (unsigned)st.st_mode & 07777);
    }
    if (stat(doctor->look.config->state, &state) == 0 && st.st_uid != 0 &&
        st.st_uid != state.st_uid) {
        jj_doctor_wrong(doctor,
                        jj_doctor_next(doctor, "chown --reference=%.80s %.150s",
                                       doctor->look.config->state, path),
                        "the %s %.300s belongs to another user than the daemon's", what, path);
    }
}

void jj_doctor_keys(jj_doctor *doctor)
{
    const jj_config *config = doctor->look.config;
    char *own = jj_path_join(config->state, "person.key");
    char *node = jj_path_join(config->state, "node.key");

    look_at_key(doctor, "person key", config->person_key ? config->person_key : own);
    look_at_key(doctor, "node's key", node);
    look_at_key(doctor, "server key", config->server_key);
    free(own);
    free(node);
}

/* ---- Inboxes -------------------------------------------------------------------------------- */

typedef struct pile {
    size_t count;
    int64_t oldest_ms; /* wall clock */
} pile;

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), rest = strlen(end);
    return length >= rest && strcmp(name + length - rest, end) == 0;
}

/* The files of a folder but hidden ones and the notes beside refused files. */
static void count_files(const char *folder, int64_t before_ms, pile *found)
{
    struct dirent *entry;
    DIR *dir = opendir(folder);

    while (dir && (entry = readdir(dir))) {
        struct stat st;
        if (entry->d_name[0] == '.' || ends_with(entry->d_name, ".alasan.txt") ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) {
            continue;
        }
        int64_t age_ms = (int64_t)st.st_mtim.tv_sec * 1000;
        if (age_ms < before_ms) {
            found->oldest_ms =
                found->count && found->oldest_ms < age_ms ? found->oldest_ms : age_ms;
            found->count++;
        }
    }
    if (dir) {
        closedir(dir);
    }
}

static void look_at_type(jj_doctor *doctor, const char *folder)
{
    pile waiting = {0}, refused = {0};
    char *rejected = jj_path_join(folder, "rejected");

    count_files(folder, doctor->now_ms - doctor->lag_ms, &waiting);
    if (rejected) {
        count_files(rejected, INT64_MAX, &refused);
    }
    if (waiting.count > 0) {
        jj_doctor_wrong(doctor,
                        "see whether its plugin is up (`jejaringctl status`) and may read the "
                        "folder",
                        "%zu file%s in %.300s, the oldest for %s", waiting.count,
                        waiting.count == 1 ? " waits" : "s wait", folder,
                        jj_doctor_age(doctor->now_ms - waiting.oldest_ms));
    }
    if (refused.count > 0) {
        jj_doctor_wrong(doctor,
                        "give them back to the office: each row says why, and can be corrected and "
                        "dropped in again; then move them away",
                        "%zu refused file%s in %.300s nobody has dealt with, the oldest for %s",
                        refused.count, refused.count == 1 ? "" : "s", rejected,
                        jj_doctor_age(doctor->now_ms - refused.oldest_ms));
    }
    free(rejected);
}

void jj_doctor_inbox(jj_doctor *doctor)
{
    for (size_t i = 0; i < doctor->look.config->plugins.count; i++) {
        const char *inbox = doctor->look.config->plugins.list[i].inbox;
        struct dirent *entry;
        DIR *dir = inbox ? opendir(inbox) : NULL;
        while (dir && (entry = readdir(dir))) {
            char *folder = entry->d_name[0] == '.' ? NULL : jj_path_join(inbox, entry->d_name);
            if (folder) {
                look_at_type(doctor, folder);
            }
            free(folder);
        }
        if (dir) {
            closedir(dir);
        }
    }
}

/* ---- Disk, backups, clock ---------------------------------------------------------------------
 */

void jj_doctor_disk(jj_doctor *doctor)
{
    uint64_t free_bytes = doctor->look.disk_free_bytes, size = doctor->look.disk_size_bytes;

    if (size > 0 && free_bytes / (size / 100 + 1) < doctor->disk_percent) {
        jj_doctor_wrong(doctor,
                        "make room, or lower hub.retention; when it is full nothing more is taken "
                        "in, and nothing is lost",
                        "the disk of %.300s is nearly full: %s MiB of %s MiB are free",
                        doctor->look.config->state, jj_ctl_count(free_bytes >> 20),
                        jj_ctl_count(size >> 20));
    }
}

void jj_doctor_backup(jj_doctor *doctor)
{
    static const char next[] = "`jejaringctl backup FOLDER`, each night from cron";
    json_t *last = NULL;
    int64_t made_ms = 0;
    char *path = jj_path_join(doctor->look.config->state, JJ_BACKUP_LAST);
    const json_t *balance = json_object_get(doctor->look.status, "balance");

    if (path) {
        jj_json_load_file(&last, path, NOTE_MAX, NULL);
    }
    const char *made = jj_look_text(last, "made"), *folder = jj_look_text(last, "folder");
    if (!jj_time_parse(made, strlen(made), &made_ms)) {
        if (jj_look_number(balance, "accepted") > 0) {
            jj_doctor_wrong(doctor, next, "there has never been a backup of this node");
        }
    } else if (doctor->now_ms - made_ms > doctor->backup_age_ms) {
        jj_doctor_wrong(doctor, next, "the last backup is %s old (%.300s)",
                        jj_doctor_age(doctor->now_ms - made_ms), folder);
    } else if (access(folder, F_OK)) {
        jj_doctor_note(doctor, "see that it was moved to another machine, and is safe there",
                       "the last backup is not where it was made any more (%.300s)", folder);
    }
    json_decref(last);
    free(path);
}

/* When the newest event was recorded; 0: not known. */
static int64_t newest_ms(jj_doctor *doctor)
{
    const json_t *journal = json_object_get(doctor->look.status, "journal");
    uint64_t head = strtoull(jj_look_text(journal, "head"), NULL, 10);
    json_t *result = NULL, *event = NULL;
    int64_t time_ms = 0;

    if (head > 0) {
        json_t *options =
            json_pack("{s:o,s:i}", "after", json_sprintf("%" PRIu64, head - 1), "max_events", 1);
        jj_ctl_try(doctor->ctl, "FETCH", options, &result, &event, NULL);
        const char *recorded = jj_look_text(event, "recordedtime");
        time_ms = jj_time_parse(recorded, strlen(recorded), &time_ms) ? time_ms : 0;
    }
    json_decref(result);
    json_decref(event);
    return time_ms;
}

void jj_doctor_clock(jj_doctor *doctor)
{
    struct timex clock = {0};
    int64_t newest = newest_ms(doctor);

    if (adjtimex(&clock) == TIME_ERROR || (clock.status & STA_UNSYNC)) {
        jj_doctor_wrong(doctor,
                        "`timedatectl` tells more; `apt install systemd-timesyncd`, or chrony",
                        "the clock is not synchronised: times of events may be wrong");
    }
    if (newest - doctor->now_ms > CLOCKS_MS) {
        jj_doctor_wrong(doctor, "set the clock right: `timedatectl`",
                        "the clock goes wrong or was set back: the newest event was recorded %s "
                        "from now",
                        jj_doctor_age(newest - doctor->now_ms));
    }
}

/* ---- PostgreSQL ------------------------------------------------------------------------------ */

static void look_at_its_clock(jj_doctor *doctor, jj_pg *pg)
{
    jj_pg_rows *rows = NULL;

    if (jj_pg_query(pg, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", NULL, 0,
                    &rows, NULL) == 0) {
        int64_t off_ms = strtoll(jj_pg_rows_value(rows, 0, 0), NULL, 10) - jj_now_ms();
        off_ms = off_ms < 0 ? -off_ms : off_ms;
        if (off_ms > CLOCKS_MS) {
            jj_doctor_wrong(doctor, "set both right: `timedatectl` on each machine",
                            "the clocks of this machine and of PostgreSQL differ by %s",
                            jj_doctor_age(off_ms));
        }
    }
    jj_pg_rows_free(rows);
}

static void look_at_schema(jj_doctor *doctor, jj_pg *pg, const jj_database *database)
{
    jj_migrated done = {0};
    jj_error err = {0};

    if (jj_migrate(pg, database->schemas, &database->layout, true, &done, &err)) {
        jj_doctor_wrong(doctor,
                        done.due ? "`jejaringctl warehouse migrate`"
                                 : "use the version of Jejaring that this database belongs to",
                        "the warehouse's schema is not that of this version: %s", err.text);
    }
}

static void look_at_database(jj_doctor *doctor, const jj_plugin_config *plugin)
{
    jj_pg *pg = NULL;
    jj_error err = {0};
    jj_database database;

    jj_database_of(doctor->look.config, plugin, &database);
    const jj_pg_options options = {.conninfo = database.conninfo,
                                   .application = "jejaringctl doctor",
                                   .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                   .statement_timeout_ms = CONNECT_TIMEOUT_MS};
    if (jj_database_connect(&database, &options, &pg, &err)) {
        jj_doctor_wrong(doctor,
                        "see that PostgreSQL runs: `systemctl status postgresql`; events wait in "
                        "the journal meanwhile",
                        "the database of %s is away: %s", plugin->name, err.text);
        return;
    }
    look_at_its_clock(doctor, pg);
    look_at_schema(doctor, pg, &database);
    jj_pg_close(pg);
}

void jj_doctor_warehouse(jj_doctor *doctor)
{
    for (size_t i = 0; i < doctor->look.config->plugins.count; i++) {
        const jj_plugin_config *plugin = &doctor->look.config->plugins.list[i];
        const char *base = strrchr(plugin->module, '/');
        if (strcmp(base ? base + 1 : plugin->module, "warehouse.so") == 0) {
            look_at_database(doctor, plugin);
        }
    }
}
