#include "import/inbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "import/folder.h"
#include "import/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS      2000
#define RESCAN_MS      60000
#define BLIND_MS       10000 /* between looks where the kernel tells nothing */
#define RETRY_MS       1000  /* doubling */
#define RETRY_MAX_MS   60000
#define COMPLAINT_MS   3600000
#define WATCHED_EVENTS (IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* The file under way. */
struct current {
    jj_import *import; /* NULL: none */
    jj_import_result result;
    size_t folder;
    char name[JJ_NAME_SIZE];
    int fd;
    struct stat at_start;
};

struct jj_inbox {
    jj_inbox_options options;
    jj_folder *folders;
    size_t folder_count;
    int notify; /* inotify; -1 */
    jj_queue queue;
    struct current current;
    int64_t rescan_at_ms, pause_until_ms; /* monotonic */
    unsigned failures;                    /* of the sink, in a row */
    jj_throttle link_complaint, scan_complaint;
};

static void show(const jj_inbox *inbox, size_t folder, const char *name, char out[JJ_NAME_SIZE])
{
    char shown[JJ_NAME_SIZE];
    jj_name_show(name, shown);
    snprintf(out, JJ_NAME_SIZE, "%s/%s", inbox->folders[folder].type->name, shown);
}

static void report(jj_inbox *inbox, enum jj_inbox_outcome outcome, const char *kept,
                   const jj_error *err)
{
    if (inbox->options.on_file) {
        jj_inbox_file file = {.type = inbox->folders[inbox->current.folder].type,
                              .name = inbox->current.name,
                              .kept = kept,
                              .outcome = outcome,
                              .result = &inbox->current.result,
                              .err = err};
        inbox->options.on_file(inbox->options.arg, &file);
    }
}

static void drop_current(jj_inbox *inbox)
{
    struct current *current = &inbox->current;
    jj_import_close(current->import);
    current->import = NULL;
    jj_import_result_clear(&current->result);
    if (current->fd >= 0) {
        close(current->fd);
        current->fd = -1;
    }
}

/* The file has left its place, or never was one. */
static void forget(jj_inbox *inbox)
{
    jj_waiting *waiting = jj_queue_find(&inbox->queue, inbox->current.folder, inbox->current.name);
    if (waiting) {
        jj_queue_remove(&inbox->queue, waiting);
    }
    drop_current(inbox);
}

static void put_off(jj_inbox *inbox, int64_t wait_ms)
{
    jj_waiting *waiting = jj_queue_find(&inbox->queue, inbox->current.folder, inbox->current.name);
    if (waiting) {
        waiting->not_before_ms = jj_monotonic_ms() + wait_ms;
    }
    drop_current(inbox);
}

static int64_t backoff(unsigned failures)
{
    int64_t wait_ms = RETRY_MS;
    for (unsigned i = 1; i < failures && wait_ms < RETRY_MAX_MS; i++) {
        wait_ms *= 2;
    }
    return wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS;
}

/* What stopped the file is not its own fault. A system error is about this file (a full disk, no
 * right to read); anything else is about the hub, and all files wait. */
static void try_later(jj_inbox *inbox, const jj_error *err)
{
    char name[JJ_NAME_SIZE];
    jj_waiting *waiting = jj_queue_find(&inbox->queue, inbox->current.folder, inbox->current.name);
    bool of_file = err->code == JJ_ESYSTEM || err->code == JJ_EMEMORY;
    unsigned failures = of_file && waiting ? ++waiting->attempts : ++inbox->failures;
    int64_t wait_ms = backoff(failures);
    show(inbox, inbox->current.folder, inbox->current.name, name);
    if ((failures & (failures - 1)) == 0) { /* the first, second, fourth ... time */
        jj_log(JJ_WARNING, "inbox: %s: %s; the file stays and is tried again in %lld s", name,
               err->text, (long long)(wait_ms / 1000));
    }
    report(inbox, JJ_INBOX_LATER, "", err);
    if (!of_file) {
        inbox->pause_until_ms = jj_monotonic_ms() + wait_ms;
    }
    put_off(inbox, of_file ? wait_ms : 0);
}

/* True while somebody has the file open for writing. Where leases are not to be had (another
 * owner, a network file system) nothing is known, and the age of the file has to do. */
static bool is_being_written(int fd)
{
    /* Somebody who opens it while we hold the lease makes the kernel send a signal: one that does
     * no harm. */
    if (fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

static int64_t age_ms(const struct stat *st)
{
    return jj_now_ms() - ((int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000);
}

/* Whether the file may be read now; otherwise says in how many milliseconds to look again. */
static bool is_settled(const jj_inbox *inbox, const struct current *current, bool announced,
                       int64_t *wait_ms)
{
    int64_t settle_ms = inbox->options.settle_ms, age = age_ms(&current->at_start);
    *wait_ms = settle_ms;
    if (is_being_written(current->fd)) {
        return false;
    }
    bool doubtful = !announced || current->at_start.st_size == 0;
    return !doubtful || age < 0 || age >= settle_ms;
}

static void complain_of_kind(jj_inbox *inbox)
{
    char name[JJ_NAME_SIZE];
    if (jj_throttle_pass(&inbox->link_complaint, COMPLAINT_MS, NULL)) {
        show(inbox, inbox->current.folder, inbox->current.name, name);
        jj_log(JJ_WARNING, "inbox: %s is no regular file and is left alone", name);
    }
}

/* Opens the file; false if it is not to be read now, and everything about that is done. */
static bool open_file(jj_inbox *inbox, bool announced)
{
    struct current *current = &inbox->current;
    jj_error err;
    int64_t wait_ms;
    current->fd = openat(inbox->folders[current->folder].dir, current->name,
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (current->fd < 0 && errno == ENOENT) {
        forget(inbox);
        return false;
    }
    if (current->fd < 0 && (errno == ELOOP || errno == ENXIO)) {
        complain_of_kind(inbox);
        forget(inbox);
        return false;
    }
    if (current->fd < 0 || fstat(current->fd, &current->at_start)) {
        jj_fail_errno(&err, JJ_ESYSTEM, "cannot open the file");
        try_later(inbox, &err);
        return false;
    }
    if (!S_ISREG(current->at_start.st_mode)) {
        complain_of_kind(inbox);
        forget(inbox);
        return false;
    }
    if (!is_settled(inbox, current, announced, &wait_ms)) {
        put_off(inbox, wait_ms);
        return false;
    }
    return true;
}

/* Whether the name still stands for the file that was read, unchanged. */
static bool is_unchanged(const jj_inbox *inbox)
{
    const struct current *current = &inbox->current;
    const struct stat *before = &current->at_start;
    struct stat now;
    return fstatat(inbox->folders[current->folder].dir, current->name, &now, AT_SYMLINK_NOFOLLOW) ==
               0 &&
           now.st_dev == before->st_dev && now.st_ino == before->st_ino &&
           now.st_size == before->st_size && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

static void log_done(const jj_inbox *inbox, const char *name)
{
    const jj_import_result *result = &inbox->current.result;
    char reject[JJ_NAME_SIZE] = "";
    if (*result->reject_name) {
        jj_name_show(result->reject_name, reject);
    }
    jj_log(result->rejected ? JJ_WARNING : JJ_INFO,
           "inbox: %s: %llu rows: %llu accepted, %llu duplicate, %llu rejected%s%s", name,
           (unsigned long long)result->rows, (unsigned long long)result->accepted,
           (unsigned long long)result->duplicate, (unsigned long long)result->rejected,
           *reject ? ", to be corrected in rejected/" : "", reject);
}

static void finish(jj_inbox *inbox)
{
    struct current *current = &inbox->current;
    char kept[JJ_NAME_SIZE], name[JJ_NAME_SIZE];
    jj_error err;
    if (inbox->failures) {
        jj_log(JJ_NOTICE, "inbox: events are taken again");
        inbox->failures = 0;
    }
    if (!is_unchanged(inbox)) {
        put_off(inbox, inbox->options.settle_ms); /* it grew meanwhile: read it once more */
        return;
    }
    if (jj_folder_finish(&inbox->folders[current->folder], current->name, &current->result, kept,
                         &err)) {
        try_later(inbox, &err);
        return;
    }
    show(inbox, current->folder, current->name, name);
    log_done(inbox, name);
    report(inbox, JJ_INBOX_DONE, kept, NULL);
    forget(inbox);
}

static void refuse(jj_inbox *inbox, const jj_error *why)
{
    struct current *current = &inbox->current;
    char kept[JJ_NAME_SIZE], name[JJ_NAME_SIZE];
    jj_error err;
    if (!is_unchanged(inbox)) {
        put_off(inbox, inbox->options.settle_ms);
        return;
    }
    if (jj_folder_refuse(&inbox->folders[current->folder], current->name, &current->result, kept,
                         &err)) {
        try_later(inbox, &err);
        return;
    }
    show(inbox, current->folder, current->name, name);
    jj_log(JJ_WARNING, "inbox: %s is refused and now in rejected/: %s", name, why->text);
    report(inbox, JJ_INBOX_REFUSED, kept, why);
    forget(inbox);
}

static void settle(jj_inbox *inbox, int rc, const jj_error *err)
{
    if (rc == 0) {
        finish(inbox);
    } else if (rc < 0 && inbox->current.result.refused) {
        refuse(inbox, err);
    } else if (rc < 0) {
        try_later(inbox, err);
    }
}

static void begin(jj_inbox *inbox, const jj_waiting *waiting)
{
    struct current *current = &inbox->current;
    bool announced = waiting->announced;
    current->folder = waiting->folder;
    snprintf(current->name, sizeof current->name, "%s", waiting->name);
    if (!open_file(inbox, announced)) {
        return;
    }
    jj_import_options import = inbox->options.import;
    jj_error err;
    import.type = inbox->folders[current->folder].type;
    import.reject_folder = inbox->folders[current->folder].rejected;
    int rc = jj_import_open(&current->import, &import, current->fd, current->name, &current->result,
                            &err);
    if (rc) {
        settle(inbox, rc, &err);
    }
}

static void found(void *arg, const char *name, size_t folder, bool announced)
{
    jj_inbox *inbox = arg;
    if (!jj_queue_add(&inbox->queue, folder, name, announced)) {
        inbox->rescan_at_ms = 0; /* without memory now: look again */
    }
}

struct scan {
    jj_inbox *inbox;
    size_t folder;
};

static void scanned(void *arg, const char *name)
{
    struct scan *scan = arg;
    found(scan->inbox, name, scan->folder, false);
}

static void watch(jj_inbox *inbox, jj_folder *folder)
{
    if (inbox->notify >= 0 && folder->watch < 0) {
        folder->watch = inotify_add_watch(inbox->notify, folder->path, WATCHED_EVENTS);
    }
}

/* Looks into a folder; if it was removed it is made anew, but not under a running import. */
static int rescan_folder(jj_inbox *inbox, size_t index, jj_error *err)
{
    jj_folder *folder = &inbox->folders[index];
    struct scan scan = {inbox, index};
    if (jj_folder_is_gone(folder)) {
        if (inbox->current.import && inbox->current.folder == index) {
            return 0;
        }
        const jj_type *type = folder->type;
        jj_folder_close(folder);
        int rc = jj_folder_open(folder, inbox->options.folder, type, err);
        if (rc) {
            return rc;
        }
    }
    watch(inbox, folder);
    return jj_folder_scan(folder, scanned, &scan, err);
}

static void rescan(jj_inbox *inbox)
{
    int64_t interval_ms = inbox->options.rescan_ms;
    for (size_t i = 0; i < inbox->folder_count; i++) {
        const jj_folder *folder = &inbox->folders[i];
        jj_error err;
        if (rescan_folder(inbox, i, &err) &&
            jj_throttle_pass(&inbox->scan_complaint, COMPLAINT_MS, NULL)) {
            jj_log_error(JJ_ERROR, "inbox", &err);
        }
        if (folder->watch < 0 && interval_ms > BLIND_MS) {
            interval_ms = BLIND_MS;
        }
    }
    inbox->rescan_at_ms = jj_monotonic_ms() + interval_ms;
}

static void take_event(jj_inbox *inbox, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        inbox->rescan_at_ms = 0;
        return;
    }
    for (size_t i = 0; i < inbox->folder_count; i++) {
        if (inbox->folders[i].watch != event->wd) {
            continue;
        }
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
            inbox->folders[i].watch = -1;
            inbox->rescan_at_ms = 0;
        } else if (event->len && !(event->mask & IN_ISDIR) && jj_name_is_wanted(event->name)) {
            found(inbox, event->name, i, true);
        }
        return;
    }
}

void jj_inbox_notice(jj_inbox *inbox)
{
    char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got;
    while (inbox->notify >= 0 && (got = read(inbox->notify, buffer, sizeof buffer)) > 0) {
        for (char *at = buffer; at < buffer + got;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;
            take_event(inbox, event);
            at += sizeof *event + event->len;
        }
    }
}

int64_t jj_inbox_work(jj_inbox *inbox)
{
    int64_t now_ms = jj_monotonic_ms(), next_ms;
    if (now_ms >= inbox->rescan_at_ms) {
        rescan(inbox);
    }
    if (inbox->current.import) {
        jj_error err;
        int rc = jj_import_step(inbox->current.import, &err);
        settle(inbox, rc, &err);
        return inbox->pause_until_ms > now_ms ? inbox->pause_until_ms - now_ms : 0;
    }
    if (inbox->pause_until_ms > now_ms) {
        return inbox->pause_until_ms - now_ms;
    }
    jj_waiting *waiting = jj_queue_next(&inbox->queue, now_ms, &next_ms);
    if (waiting) {
        begin(inbox, waiting);
        return 0;
    }
    int64_t rescan_ms = inbox->rescan_at_ms - now_ms;
    return next_ms >= 0 && next_ms < rescan_ms ? next_ms : rescan_ms > 0 ? rescan_ms : 0;
}

int jj_inbox_open(jj_inbox **inbox, const jj_inbox_options *options, jj_error *err)
{
    jj_inbox *made = calloc(1, sizeof *made);
    jj_folder *folders = calloc(options->type_count + 1, sizeof *folders);
    if (!made || !folders) {
        free(made);
        free(folders);
        return jj_fail(err, JJ_EMEMORY, "out of memory while opening an inbox");
    }
    made->options = *options;
    made->options.settle_ms = options->settle_ms ? options->settle_ms : SETTLE_MS;
    made->options.rescan_ms = options->rescan_ms ? options->rescan_ms : RESCAN_MS;
    made->folders = folders;
    made->current.fd = -1;
    made->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (size_t i = 0; i < options->type_count; i++) {
        int rc = jj_folder_open(&folders[i], options->folder, options->types[i], err);
        made->folder_count = i + 1;
        if (rc && access(options->folder, W_OK | X_OK)) {
            jj_inbox_close(made);
            return rc;
        }
        /* One folder that cannot be used is tried again at each look; the others are in use. */
    }
    rescan(made);
    *inbox = made;
    return 0;
}

void jj_inbox_close(jj_inbox *inbox)
{
    if (inbox) {
        drop_current(inbox);
        for (size_t i = 0; i < inbox->folder_count; i++) {
            jj_folder_close(&inbox->folders[i]);
        }
        if (inbox->notify >= 0) {
            close(inbox->notify);
        }
        jj_queue_clear(&inbox->queue);
        free(inbox->folders);
        free(inbox);
    }
}

int jj_inbox_descriptor(const jj_inbox *inbox)
{
    return inbox->notify;
}

size_t jj_inbox_pending(const jj_inbox *inbox)
{
    return inbox->queue.count;
}
