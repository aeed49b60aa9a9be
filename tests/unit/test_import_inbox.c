/*
 * The inbox: which files count and when, where they go, and that nothing is lost on the way.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "import/folder.h"
#include "import/inbox.h"
#include "import_hub.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEADER "NIK;Kejuruan;Tanggal\n"
#define GOOD   HEADER "3375010101900001;Las;2019-04-11\n"
#define BAD    HEADER "3375010101900001;Las;2019-04-11\n3375010101900002;Las;kemarin\n"
#define PERSON "person.tested/"

struct inbox_test {
    struct hub hub;
    jj_inbox *inbox;
    jj_inbox_options options;
    const jj_type *types[2];
    unsigned done, refused, later;
    char kept[256];
};

static void on_file(void *arg, const jj_inbox_file *file)
{
    struct inbox_test *test = arg;
    test->done += file->outcome == JJ_INBOX_DONE;
    test->refused += file->outcome == JJ_INBOX_REFUSED;
    test->later += file->outcome == JJ_INBOX_LATER;
    snprintf(test->kept, sizeof test->kept, "%s", file->kept);
    assert_non_null(file->type);
    assert_true(file->outcome == JJ_INBOX_DONE || file->err);
}

static void open_inbox(struct inbox_test *test)
{
    jj_error err;
    if (jj_inbox_open(&test->inbox, &test->options, &err)) {
        print_error("%s: %s\n", err.file, err.text);
        fail();
    }
}

static int set_up(void **state)
{
    struct inbox_test *test = calloc(1, sizeof *test);
    jj_log_open("test", JJ_ERROR);
    hub_open(&test->hub);
    test->types[0] = hub_type(&test->hub, "person.tested");
    test->types[1] = hub_type(&test->hub, "vacancy.tested");
    test->options = (jj_inbox_options){.folder = test->hub.folder,
                                       .types = test->types,
                                       .type_count = 2,
                                       .import = hub_options(&test->hub, "person.tested"),
                                       .settle_ms = 30,
                                       .on_file = on_file,
                                       .arg = test};
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    struct inbox_test *test = *state;
    jj_inbox_close(test->inbox);
    hub_close(&test->hub);
    free(test);
    return 0;
}

/* Runs the inbox as a host does until *count reaches wanted. */
static void run_until(struct inbox_test *test, const unsigned *count, unsigned wanted)
{
    int64_t deadline_ms = jj_monotonic_ms() + 60000;
    while (*count < wanted) {
        int64_t wait_ms = jj_inbox_work(test->inbox);
        struct pollfd watched = {.fd = jj_inbox_descriptor(test->inbox), .events = POLLIN};
        if (jj_monotonic_ms() > deadline_ms) {
            print_error("%u of %u after 60 s\n", *count, wanted);
            fail();
        }
        if (*count < wanted && poll(&watched, 1, wait_ms < 1000 ? (int)wait_ms : 1000) > 0) {
            jj_inbox_notice(test->inbox);
        }
    }
}

static void assert_content(const struct inbox_test *test, const char *name, const char *expected)
{
    char *text = hub_read(&test->hub, name);
    if (!text) {
        print_error("%s is not there\n", name);
        fail();
    }
    assert_string_equal(text, expected);
    free(text);
}

static void assert_absent(const struct inbox_test *test, const char *name)
{
    char *text = hub_read(&test->hub, name);
    assert_null(text);
}

/* Drops a file as careful programs do: written elsewhere, renamed into place. */
static void drop(const struct inbox_test *test, const char *name, const char *text)
{
    char *from, to[512];
    hub_write(&test->hub, "outside", text, &from);
    snprintf(to, sizeof to, "%s/%s", test->hub.folder, name);
    assert_int_equal(rename(from, to), 0);
    free(from);
}

static size_t count_files(const struct inbox_test *test, const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", test->hub.folder, folder);
    DIR *list = opendir(path);
    assert_non_null(list);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(list));) {
        count += entry->d_type == DT_REG;
    }
    closedir(list);
    return count;
}

static void a_file_renamed_into_the_folder_is_read_and_goes_to_done(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    drop(test, PERSON "a.csv", GOOD);
    run_until(test, &test->done, 1);
    assert_absent(test, PERSON "a.csv");
    assert_content(test, PERSON "done/a.csv", GOOD);
    assert_int_equal(json_array_size(test->hub.log), 1);
    assert_int_equal(count_files(test, PERSON "rejected"), 0);
    assert_int_equal(jj_inbox_pending(test->inbox), 0);
}

static void a_file_counts_when_it_is_closed_after_writing(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    char path[512];
    snprintf(path, sizeof path, "%s/" PERSON "a.csv", test->hub.folder);
    FILE *out = fopen(path, "w");
    fputs(HEADER, out);
    fflush(out);
    for (int i = 0; i < 20; i++) {
        jj_inbox_notice(test->inbox);
        jj_inbox_work(test->inbox);
    }
    assert_int_equal(test->done + test->refused, 0);
    fputs("3375010101900001;Las;2019-04-11\n", out);
    fclose(out);
    run_until(test, &test->done, 1);
    assert_int_equal(json_array_size(test->hub.log), 1);
}

static void files_that_lie_there_at_the_start_are_read(void **state)
{
    struct inbox_test *test = *state;
    hub_write(&test->hub, PERSON "a.csv", GOOD, NULL);
    hub_write(&test->hub, "vacancy.tested/b.csv",
              "Kode Lowongan;Tanggal;Jabatan;Jumlah\nL-1;04/02/2020;Mekanik;5\n", NULL);
    open_inbox(test);
    run_until(test, &test->done, 2);
    assert_int_equal(json_array_size(test->hub.log), 2);
    assert_int_equal(count_files(test, "vacancy.tested/done"), 1);
}

static void failed_rows_come_back_and_can_be_dropped_in_again(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    drop(test, PERSON "a.csv", BAD);
    run_until(test, &test->done, 1);
    char *text = hub_read(&test->hub, PERSON "rejected/a.ditolak.csv"), *wrong;
    assert_non_null(text);
    wrong = strstr(text, "kemarin");
    assert_non_null(wrong);
    memcpy(wrong, "11/4/19", 7);
    drop(test, PERSON "a.ditolak.csv", text);
    run_until(test, &test->done, 2);
    assert_int_equal(count_files(test, PERSON "rejected"), 2); /* a two-digit year: again */
    jj_buf fixed = {0};
    jj_buf_add(&fixed, text, (size_t)(wrong - text));
    jj_buf_puts(&fixed, "11/04/2019");
    jj_buf_puts(&fixed, wrong + 7);
    drop(test, PERSON "a.ditolak.csv", fixed.data);
    run_until(test, &test->done, 3);
    assert_int_equal(json_array_size(test->hub.log), 2);
    assert_int_equal(count_files(test, PERSON "rejected"), 2);
    assert_int_equal(count_files(test, PERSON "done"), 3); /* one under another name */
    jj_buf_clear(&fixed);
    free(text);
}

static void a_file_that_is_refused_whole_goes_to_rejected_with_a_note(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    drop(test, PERSON "a.csv", "Nama;Kota\nBudi;Batang\n");
    run_until(test, &test->refused, 1);
    assert_content(test, PERSON "rejected/a.csv", "Nama;Kota\nBudi;Batang\n");
    char *note = hub_read(&test->hub, PERSON "rejected/a.csv.alasan.txt");
    assert_non_null(note);
    assert_non_null(strstr(note, "judul kolom"));
    assert_null(strstr(note, "Budi"));
    free(note);
    assert_int_equal(json_array_size(test->hub.log), 0);
}

static void what_is_worth_knowing_stands_beside_the_file(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    drop(test, PERSON "a.csv",
         "No;NIK;Kejuruan;Tanggal;Hobi;L/P\n1;3375010101900001;Las;2019-04-11;x;P\n");
    run_until(test, &test->done, 1);
    assert_content(test, PERSON "done/a.csv.catatan.txt",
                   "Catatan untuk berkas \"a.csv\", yang sudah dibaca:\n\n"
                   "- Kolom E \"Hobi\" tidak dikenal dan tidak dipakai.\n"
                   "- Baris 2 diterima, tetapi periksa lagi: L/P: berbeda dengan NIK.\n");
}

static void a_file_beyond_two_gib_is_refused_unread(void **state)
{
    struct inbox_test *test = *state;
    char *path;
    hub_write(&test->hub, "big", "x", &path);
    assert_int_equal(truncate(path, ((off_t)2 << 30) + 1), 0);
    open_inbox(test);
    char to[512];
    snprintf(to, sizeof to, "%s/" PERSON "big.jsonl", test->hub.folder);
    assert_int_equal(rename(path, to), 0);
    run_until(test, &test->refused, 1);
    assert_string_equal(test->kept, "big.jsonl");
    free(path);
}

static void nothing_is_overwritten(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    for (unsigned i = 0; i < 3; i++) {
        drop(test, PERSON "a.csv", i == 0 ? GOOD : i == 1 ? BAD : GOOD "\n");
        run_until(test, &test->done, i + 1);
    }
    assert_content(test, PERSON "done/a.csv", GOOD);
    assert_int_equal(count_files(test, PERSON "done"), 3);
    for (unsigned i = 0; i < 2; i++) {
        drop(test, PERSON "a.csv", i ? "x;y\n" : "x\n");
        run_until(test, &test->refused, i + 1);
    }
    assert_content(test, PERSON "rejected/a.csv", "x\n");
    assert_int_equal(count_files(test, PERSON "rejected"), 5);
}

static void hidden_temporary_and_linked_files_are_left_alone(void **state)
{
    struct inbox_test *test = *state;
    static const char *const names[] = {".a.csv",    "~$a.xlsx",  "a.csv.part",   "a.tmp",
                                        "a.CSV.TMP", "Thumbs.db", ".~lock.a.csv#"};
    char path[512], *target;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, PERSON "%s", names[i]);
        hub_write(&test->hub, path, GOOD, NULL);
    }
    hub_write(&test->hub, "secret.csv", GOOD, &target);
    snprintf(path, sizeof path, "%s/" PERSON "link.csv", test->hub.folder);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/" PERSON "folder.csv", test->hub.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/" PERSON "pipe.csv", test->hub.folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    open_inbox(test);
    drop(test, PERSON "z.csv", GOOD);
    run_until(test, &test->done, 1);
    assert_string_equal(test->kept, "z.csv");
    assert_int_equal(test->refused, 0);
    assert_int_equal(jj_inbox_pending(test->inbox), 0);
    assert_int_equal(count_files(test, PERSON), sizeof names / sizeof *names);
    assert_content(test, "secret.csv", GOOD);
    free(target);
}

static void a_hub_that_is_away_makes_the_file_wait(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    test->hub.away = 1;
    drop(test, PERSON "a.csv", BAD);
    run_until(test, &test->later, 1);
    assert_content(test, PERSON "a.csv", BAD);
    assert_int_equal(count_files(test, PERSON "rejected"), 0);
    assert_true(jj_inbox_work(test->inbox) > 0);
    run_until(test, &test->done, 1);
    assert_content(test, PERSON "done/a.csv", BAD);
    assert_int_equal(count_files(test, PERSON "rejected"), 1);
}

static void what_a_crash_leaves_behind_gives_duplicates_only(void **state)
{
    struct inbox_test *test = *state;
    char *path;
    jj_import_result result = {0};
    hub_write(&test->hub, PERSON "a.csv", BAD, &path);
    open_inbox(test);
    jj_import_options options = test->options.import;
    char rejected[512];
    snprintf(rejected, sizeof rejected, "%s/" PERSON "rejected", test->hub.folder);
    options.reject_folder = open(rejected, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(jj_import_file(&options, path, &result, NULL), 0);
    close(options.reject_folder);
    jj_import_result_clear(&result);
    run_until(test, &test->done, 1);
    assert_int_equal(json_array_size(test->hub.log), 1);
    assert_int_equal(count_files(test, PERSON "rejected"), 1);
    assert_absent(test, PERSON "a.csv");
    free(path);
}

static void a_file_that_grows_while_it_is_read_is_read_again(void **state)
{
    struct inbox_test *test = *state;
    jj_buf text = {0};
    jj_buf_puts(&text, HEADER);
    for (unsigned i = 1; i <= 1200; i++) {
        jj_buf_printf(&text, "337501010190%04u;Las;2019-04-11\n", i);
    }
    open_inbox(test);
    drop(test, PERSON "a.csv", text.data);
    jj_buf_clear(&text);
    while (test->hub.batches == 0) {
        jj_inbox_notice(test->inbox);
        jj_inbox_work(test->inbox);
    }
    char path[512];
    snprintf(path, sizeof path, "%s/" PERSON "a.csv", test->hub.folder);
    FILE *out = fopen(path, "a");
    fputs("3375010101909999;Las;2019-04-11\n", out);
    fclose(out);
    run_until(test, &test->done, 1);
    assert_int_equal(json_array_size(test->hub.log), 1201);
}

/* Who may drop files could lead the daemon, by a link, to files of its own. */
static void a_link_in_the_place_of_a_folder_is_not_followed(void **state)
{
    struct inbox_test *test = *state;
    char link[512], target[512];
    hub_write(&test->hub, "state/journal.db", GOOD, NULL);
    snprintf(target, sizeof target, "%s/state", test->hub.folder);
    snprintf(link, sizeof link, "%s/vacancy.tested", test->hub.folder);
    assert_int_equal(symlink(target, link), 0);
    test->options.rescan_ms = 10;
    open_inbox(test);
    drop(test, PERSON "a.csv", GOOD);
    run_until(test, &test->done, 1); /* the other folder is in use */
    assert_content(test, "state/journal.db", GOOD);
    assert_int_equal(count_files(test, "state"), 1);
    assert_int_equal(unlink(link), 0);
    hub_write(&test->hub, "vacancy.tested/b.csv",
              "Kode Lowongan;Tanggal;Jabatan;Jumlah\nL-1;04/02/2020;Mekanik;5\n", NULL);
    run_until(test, &test->done, 2); /* and so is this one, once the link is gone */
}

static void the_office_may_read_what_it_gets_back(void **state)
{
    struct inbox_test *test = *state;
    struct stat st;
    char path[512];
    mode_t before = umask(0077); /* the service's */
    open_inbox(test);
    drop(test, PERSON "a.csv", BAD);
    drop(test, PERSON "b.csv", "Nama\nAni\n");
    run_until(test, &test->done, 1);
    run_until(test, &test->refused, 1);
    umask(before);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/" PERSON "rejected/%s", test->hub.folder,
                 i ? "b.csv.alasan.txt" : "a.ditolak.csv");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
    }
}

static void a_name_in_the_log_steers_no_terminal(void **state)
{
    static const struct {
        const char *name, *shown;
    } cases[] = {
        {"a\033[2J\nb.csv", "a?[2J?b.csv"},
        {"\xc2\x9b"
         "31m.csv",
         "?31m.csv"},
        {"caf\xe9\x9b.csv", "caf??.csv"},
        {"Peserta Magelang \xc3\xa9.csv", "Peserta Magelang \xc3\xa9.csv"},
        {"3375014505990001.csv", "#.csv"},
    };
    char shown[JJ_NAME_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        jj_name_show(cases[i].name, shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void a_removed_folder_is_made_anew(void **state)
{
    struct inbox_test *test = *state;
    char command[512];
    test->options.rescan_ms = 50;
    open_inbox(test);
    snprintf(command, sizeof command, "rm -r '%s/person.tested'", test->hub.folder);
    assert_int_equal(system(command), 0);
    int64_t deadline_ms = jj_monotonic_ms() + 60000;
    snprintf(command, sizeof command, "%s/person.tested/done", test->hub.folder);
    while (access(command, F_OK) && jj_monotonic_ms() < deadline_ms) {
        struct pollfd watched = {.fd = jj_inbox_descriptor(test->inbox), .events = POLLIN};
        if (poll(&watched, 1, (int)jj_inbox_work(test->inbox)) > 0) {
            jj_inbox_notice(test->inbox);
        }
    }
    drop(test, PERSON "a.csv", GOOD);
    run_until(test, &test->done, 1);
}

static void odd_names_are_harmless(void **state)
{
    struct inbox_test *test = *state;
    char longest[300], long_name[300];
    memset(longest, 'x', sizeof longest);
    memcpy(longest + 251, ".csv", 5);
    snprintf(long_name, sizeof long_name, PERSON "%s", longest);
    open_inbox(test);
    drop(test, PERSON "two\nlines 3375010101900001;$(id).csv", BAD);
    drop(test, PERSON "..csv..", BAD); /* begins with a dot: hidden */
    drop(test, PERSON "a..csv", BAD);
    drop(test, PERSON "no-ending", BAD);
    drop(test, long_name, BAD);
    run_until(test, &test->done, 4);
    assert_int_equal(count_files(test, PERSON "done"), 4);
    assert_int_equal(count_files(test, PERSON "rejected"), 4);
    assert_int_equal(count_files(test, PERSON), 1);
}

static void an_empty_file_is_given_time_and_then_refused(void **state)
{
    struct inbox_test *test = *state;
    open_inbox(test);
    hub_write(&test->hub, PERSON "a.csv", "", NULL);
    jj_inbox_notice(test->inbox);
    jj_inbox_work(test->inbox);
    assert_int_equal(test->refused, 0);
    run_until(test, &test->refused, 1);
    assert_content(test, PERSON "rejected/a.csv", "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_renamed_into_the_folder_is_read_and_goes_to_done),
        TEST(a_file_counts_when_it_is_closed_after_writing),
        TEST(files_that_lie_there_at_the_start_are_read),
        TEST(failed_rows_come_back_and_can_be_dropped_in_again),
        TEST(a_file_that_is_refused_whole_goes_to_rejected_with_a_note),
        TEST(what_is_worth_knowing_stands_beside_the_file),
        TEST(a_file_beyond_two_gib_is_refused_unread),
        TEST(nothing_is_overwritten),
        TEST(hidden_temporary_and_linked_files_are_left_alone),
        TEST(a_hub_that_is_away_makes_the_file_wait),
        TEST(what_a_crash_leaves_behind_gives_duplicates_only),
        TEST(a_file_that_grows_while_it_is_read_is_read_again),
        TEST(a_removed_folder_is_made_anew),
        TEST(a_link_in_the_place_of_a_folder_is_not_followed),
        TEST(the_office_may_read_what_it_gets_back),
        TEST(a_name_in_the_log_steers_no_terminal),
        TEST(odd_names_are_harmless),
        TEST(an_empty_file_is_given_time_and_then_refused),
    };
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
