/*
 * Files of offices while memory and disk fail at each call in turn. A file is read whole, or not
 * now: then it is not called wrong, no row of it is, nothing of its reject file is left, and what
 * was sent of it is what will be sent again. In an inbox it comes to its end by itself, once.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "fail.h"
#include "import/inbox.h"
#include "import_hub.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DATA      "tests/data/tables/import"
#define ALL_KINDS (FAIL_MEMORY | FAIL_FILE | FAIL_LIBRARY)

/* What came of a file, written where no memory is needed. */
typedef struct outcome {
    int rc;
    jj_error err;
    jj_import_result result;
    char *reject; /* content of the reject file; NULL: there is none */
    size_t files; /* in the folder of reject files */
    size_t size;
    char heard[1 << 17]; /* the events that the hub was given */
} outcome;

/* A hub that takes three events of four; which, their content says. */
static int hear(void *arg, const jj_bytes *events, size_t count, jj_import_verdict *verdicts,
                jj_error *err)
{
    outcome *out = arg;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        unsigned sum = 0;
        for (size_t k = 0; k < events[i].size_bytes; k++) {
            sum += (unsigned char)events[i].data[k];
        }
        if (sum % 4 == 0) {
            verdicts[i] = (jj_import_verdict){.outcome = JJ_IMPORT_REJECTED, .code = JJ_ECONFLICT};
        }
        assert_true(out->size + events[i].size_bytes + 1 < sizeof out->heard);
        memcpy(out->heard + out->size, events[i].data, events[i].size_bytes);
        out->size += events[i].size_bytes;
        out->heard[out->size++] = '\n';
    }
    return 0;
}

/* Removes the files of a folder and tells how many there were. */
static size_t empty_folder(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_type == DT_REG) {
            count++;
            unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    closedir(folder);
    return count;
}

static void clear(outcome *out)
{
    jj_import_result_clear(&out->result);
    free(out->reject);
    out->reject = NULL;
}

static void look(outcome *out, const struct hub *hub)
{
    out->reject = *out->result.reject_name ? hub_read(hub, out->result.reject_name) : NULL;
    out->files = empty_folder(hub->folder);
}

static void import(outcome *out, jj_import_options *options, const char *path)
{
    out->size = 0;
    out->err = (jj_error){0};
    options->arg = out;
    out->rc = jj_import_file(options, path, &out->result, &out->err);
}

static void assert_same(const outcome *came, const outcome *wanted)
{
    const jj_import_result *a = &came->result, *b = &wanted->result;
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->accepted, b->accepted);
    assert_int_equal(a->rejected, b->rejected);
    assert_int_equal(a->blank, b->blank);
    assert_int_equal(a->totals, b->totals);
    assert_int_equal(a->warnings, b->warnings);
    assert_true(a->note_count <= b->note_count); /* a remark may be lost, no row is */
    assert_int_equal(a->refused, b->refused);
    assert_string_equal(a->reason.data ? a->reason.data : "", b->reason.data ? b->reason.data : "");
    assert_string_equal(a->reject_name, b->reject_name);
    assert_string_equal(a->sheet ? a->sheet : "", b->sheet ? b->sheet : "");
    assert_string_equal(came->reject ? came->reject : "", wanted->reject ? wanted->reject : "");
    assert_int_equal(came->files, wanted->files);
    assert_int_equal(came->size, wanted->size);
    assert_memory_equal(came->heard, wanted->heard, wanted->size);
}

static void assert_not_now(const outcome *came, const outcome *wanted, bool hit, const char *name)
{
    if (!hit || came->result.refused || came->files || came->err.code != came->rc ||
        (came->rc != JJ_EMEMORY && came->rc != JJ_ESYSTEM) || !came->err.text[0]) {
        fail_msg("%s: %d \"%s\"%s, %zu files left, %u failures", name, came->rc, came->err.text,
                 came->result.refused ? ", refused" : "", came->files, (unsigned)hit);
    }
    assert_true(came->size <= wanted->size);
    assert_memory_equal(came->heard, wanted->heard, came->size);
}

/* In memory, where there is such a folder: every file is synced, again and again. */
static void open_hub(struct hub *hub)
{
    char folder[] = "/dev/shm/jejaring-test-XXXXXX";
    hub_open(hub);
    if (mkdtemp(folder)) {
        rmdir(hub->folder);
        snprintf(hub->folder, sizeof hub->folder, "%s", folder);
    }
}

static size_t open_files(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void fail_each_call(struct hub *hub, jj_import_options *options, const char *path)
{
    outcome *all = calloc(2, sizeof *all), *came = &all[0], *wanted = &all[1];
    assert_non_null(all);
    import(wanted, options, path);
    look(wanted, hub);
    size_t files = open_files();
    for (unsigned n = 1; fail_next(ALL_KINDS, n); n++) {
        import(came, options, path);
        bool hit = fail_end();
        look(came, hub);
        if (came->rc == wanted->rc) {
            assert_same(came, wanted);
        } else {
            assert_not_now(came, wanted, hit, path);
        }
        clear(came);
    }
    assert_int_equal(open_files(), files);
    clear(wanted);
    free(all);
}

static void import_folder(const char *type)
{
    struct hub hub;
    char path[512];
    open_hub(&hub);
    jj_import_options options = hub_options(&hub, type);
    options.publish = hear;
    options.reject_folder = open(hub.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof path, DATA "/%s", type);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name + length - 5, ".json") != 0) {
            snprintf(path, sizeof path, DATA "/%s/%s", type, entry->d_name);
            fail_each_call(&hub, &options, path);
        }
    }
    closedir(folder);
    close(options.reject_folder);
    hub_close(&hub);
}

static void a_file_is_read_whole_or_not_now(void **state)
{
    (void)state;
    import_folder("person.tested");
    import_folder("vacancy.tested");
}

static void the_lists_are_read_whole_or_not(void **state)
{
    (void)state;
    for (unsigned n = 1; fail_next(ALL_KINDS, n); n++) {
        jj_reference *reference = NULL;
        jj_error err = {0};
        const char *code = NULL;
        int rc = jj_reference_open(&reference, "tests/data/tables/schemas/reference", &err);
        bool hit = fail_end();
        assert_true(rc == 0 || (hit && err.code == rc && err.text[0]));
        assert_true((rc == 0) == (reference != NULL));
        assert_true(rc || jj_reference_region(reference, "33.75", 5, &code, NULL) == JJ_MATCH_ONE);
        jj_reference_close(reference);
    }
}

/* ---- The inbox ---------------------------------------------------------------------------- */

#define PERSON "person.tested"
#define BAD                                                                                        \
    "NIK;Kejuruan;Tanggal;Hobi\n3375010101900001;Las;2019-04-11;x\n"                               \
    "3375010101900002;Las;kemarin;y\n"
#define REFUSED "Nama;Kota\nBudi;Batang\n"

typedef struct office {
    struct hub hub;
    jj_inbox_options options;
    const jj_type *types[1];
    outcome *heard;
    unsigned done, refused;
} office;

static void on_file(void *arg, const jj_inbox_file *file)
{
    office *to = arg;
    to->done += file->outcome == JJ_INBOX_DONE;
    to->refused += file->outcome == JJ_INBOX_REFUSED;
}

static bool is_there(const office *at, const char *name)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/inbox/" PERSON "/%s", at->hub.folder, name);
    return stat(path, &st) == 0;
}

/* As a host does it: what could not be opened is opened again, and waiting costs nothing here. */
static void work_until_empty(office *at)
{
    jj_inbox *inbox = NULL;
    for (unsigned turns = 0; turns < 1000; turns++) {
        if (!inbox && jj_inbox_open(&inbox, &at->options, NULL)) {
            continue;
        }
        jj_inbox_notice(inbox);
        int64_t wait_ms = jj_inbox_work(inbox);
        if (fail_hits() && !is_there(at, "a.csv") && !is_there(at, "b.csv") &&
            !jj_inbox_pending(inbox)) {
            break;
        }
        if (!fail_hits() && !jj_inbox_pending(inbox) && wait_ms > 1000) {
            break; /* all is done, and no call is left that could fail */
        }
        if (wait_ms > 0) {
            fail_skip_ms((wait_ms + 999) / 1000 * 1000);
        }
    }
    jj_inbox_close(inbox);
}

static size_t count_in(const office *at, const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/inbox/" PERSON "/%s", at->hub.folder, folder);
    return empty_folder(path);
}

static void assert_both_are_done(office *at)
{
    char *text = hub_read(&at->hub, "inbox/" PERSON "/rejected/a.ditolak.csv");
    assert_non_null(text);
    assert_non_null(strstr(text, "kemarin"));
    free(text);
    text = hub_read(&at->hub, "inbox/" PERSON "/rejected/b.csv.alasan.txt");
    assert_non_null(text);
    assert_non_null(strstr(text, "judul kolom"));
    free(text);
    text = hub_read(&at->hub, "inbox/" PERSON "/done/a.csv.catatan.txt");
    assert_non_null(text);
    assert_non_null(strstr(text, "Hobi"));
    free(text);
    assert_false(is_there(at, "a.csv") || is_there(at, "b.csv"));
    assert_int_equal(count_in(at, "done"), 2);     /* the file and its note */
    assert_int_equal(count_in(at, "rejected"), 3); /* failed rows; a file and why */
    const char *first = at->heard->heard, *line = first;
    size_t length = (size_t)(strchr(first, '\n') - first) + 1;
    for (; line < first + at->heard->size; line += length) {
        assert_memory_equal(line, first, length); /* sent twice perhaps, but the same */
    }
}

static void a_file_in_an_inbox_comes_to_its_end_once(void **state)
{
    office at = {.heard = calloc(1, sizeof *at.heard)};
    (void)state;
    assert_non_null(at.heard);
    open_hub(&at.hub);
    jj_log_open("test", 0);
    char *inbox = jj_path_join(at.hub.folder, "inbox");
    at.types[0] = hub_type(&at.hub, PERSON);
    at.options = (jj_inbox_options){.folder = inbox,
                                    .types = at.types,
                                    .type_count = 1,
                                    .import = hub_options(&at.hub, PERSON),
                                    .settle_ms = 1,
                                    .on_file = on_file,
                                    .arg = &at};
    at.options.import.publish = hear;
    at.options.import.arg = at.heard;
    hub_write(&at.hub, "inbox/" PERSON "/done/x", "", NULL);
    hub_write(&at.hub, "inbox/" PERSON "/rejected/x", "", NULL);
    assert_int_equal(count_in(&at, "done") + count_in(&at, "rejected"), 2);
    unsigned hits = 1;
    for (unsigned n = 1; hits; n++) {
        hub_write(&at.hub, "inbox/" PERSON "/a.csv", BAD, NULL);
        hub_write(&at.hub, "inbox/" PERSON "/b.csv", REFUSED, NULL);
        at.heard->size = 0;
        at.done = at.refused = 0;
        fail_at(ALL_KINDS | FAIL_SYSTEM, n, false);
        work_until_empty(&at);
        hits = fail_end();
        assert_true(at.heard->size > 0);
        assert_both_are_done(&at);
        assert_true(at.done <= 1 && at.refused <= 1);
    }
    free(inbox);
    hub_close(&at.hub);
    free(at.heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_or_not_now),
        cmocka_unit_test(the_lists_are_read_whole_or_not),
        cmocka_unit_test(a_file_in_an_inbox_comes_to_its_end_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
