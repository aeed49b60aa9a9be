/*
 * Files: whole reads, atomic writes, folders, secrets that are kept from others.
 */
#include "base/fs.h"
#include "scratch.h"

#include <errno.h>
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

static void put(const char *path, const char *text, mode_t mode)
{
    jj_error err;
    if (jj_file_write(path, text, strlen(text), mode, &err)) {
        fail_msg("%s: %s", err.file, err.text);
    }
}

static unsigned files_in_folder(void)
{
    char command[128];
    unsigned count = 0;
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", scratch);
    FILE *list = popen(command, "r");
    assert_int_equal(fscanf(list, "%u", &count), 1);
    pclose(list);
    return count;
}

static void what_was_written_reads_back_whole(void **state)
{
    jj_buf text = {0};
    const size_t size = 200000;
    char *data = malloc(size);
    (void)state;
    memset(data, 'x', size);
    assert_int_equal(jj_file_write(in_scratch("big"), data, size, 0644, NULL), 0);
    assert_int_equal(jj_file_read(in_scratch("big"), size, &text, NULL), 0);
    assert_int_equal(text.size, size);
    assert_memory_equal(text.data, data, size);
    jj_buf_clear(&text);
    free(data);
}

static void an_empty_file_is_an_empty_text(void **state)
{
    jj_buf text = {0};
    (void)state;
    put(in_scratch("empty"), "", 0644);
    assert_int_equal(jj_file_read(in_scratch("empty"), 10, &text, NULL), 0);
    assert_int_equal(text.size, 0);
    assert_string_equal(text.data, "");
    jj_buf_clear(&text);
}

static void a_file_beyond_its_bound_is_refused_with_its_name(void **state)
{
    jj_buf text = {0};
    jj_error err;
    (void)state;
    put(in_scratch("long"), "12345", 0644);
    assert_int_equal(jj_file_read(in_scratch("long"), 4, &text, &err), JJ_ETOO_LARGE);
    assert_string_equal(err.file, in_scratch("long"));
    assert_int_equal(text.data[text.size], '\0');
    jj_buf_clear(&text);
    assert_int_equal(jj_file_read(in_scratch("long"), 5, &text, &err), 0);
    jj_buf_clear(&text);
}

static void a_missing_file_and_a_folder_say_why(void **state)
{
    jj_buf text = {0};
    jj_error err;
    (void)state;
    assert_int_equal(jj_file_read(in_scratch("none"), 4, &text, &err), JJ_ESYSTEM);
    assert_non_null(strstr(err.text, strerror(ENOENT)));
    assert_int_equal(jj_file_read(scratch, 4, &text, &err), JJ_ESYSTEM);
    assert_non_null(strstr(err.text, strerror(EISDIR)));
    jj_buf_clear(&text);
}

static void a_write_replaces_and_leaves_nothing_beside(void **state)
{
    struct stat st;
    jj_buf text = {0};
    (void)state;
    put(in_scratch("file"), "old and longer", 0644);
    put(in_scratch("file"), "new", 0600);
    assert_int_equal(jj_file_read(in_scratch("file"), 100, &text, NULL), 0);
    assert_string_equal(text.data, "new");
    assert_int_equal(stat(in_scratch("file"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(files_in_folder(), 1);
    jj_buf_clear(&text);
}

static void a_failed_write_leaves_the_old_file_and_nothing_beside(void **state)
{
    jj_error err;
    (void)state;
    assert_int_equal(mkdir(in_scratch("taken"), 0755), 0);
    assert_int_equal(jj_file_write(in_scratch("taken"), "x", 1, 0644, &err), JJ_ESYSTEM);
    assert_string_equal(err.file, in_scratch("taken"));
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(jj_file_write(in_scratch("no/such/folder"), "x", 1, 0644, &err), JJ_ESYSTEM);
}

static void a_new_file_is_made_by_one_of_many(void **state)
{
    jj_buf text = {0};
    (void)state;
    assert_int_equal(jj_file_create(in_scratch("only"), "first", 5, 0600, NULL), 0);
    jj_error err;
    assert_int_equal(jj_file_create(in_scratch("only"), "second", 6, 0600, &err), JJ_ECONFIG);
    assert_int_equal(jj_file_read(in_scratch("only"), 10, &text, NULL), 0);
    assert_string_equal(text.data, "first");
    assert_int_equal(files_in_folder(), 1);
    jj_buf_clear(&text);
}

static void folders_are_made_with_their_parents(void **state)
{
    struct stat st;
    jj_error err;
    (void)state;
    assert_int_equal(jj_mkdir_all(in_scratch("a/b//c/"), 0700, &err), 0);
    assert_int_equal(jj_mkdir_all(in_scratch("a/b/c"), 0700, &err), 0);
    assert_int_equal(stat(in_scratch("a/b/c"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    put(in_scratch("a/file"), "", 0644);
    assert_int_equal(jj_mkdir_all(in_scratch("a/file"), 0700, &err), JJ_ESYSTEM);
    assert_int_equal(jj_mkdir_all(in_scratch("a/file/d"), 0700, &err), JJ_ESYSTEM);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    static const mode_t bad[] = {0640, 0604, 0660, 0644, 0610, 0601};
    jj_error err;
    (void)state;
    put(in_scratch("key"), "secret", 0600);
    assert_int_equal(jj_file_check_private(in_scratch("key"), &err), 0);
    assert_int_equal(chmod(in_scratch("key"), 0400), 0);
    assert_int_equal(jj_file_check_private(in_scratch("key"), &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(chmod(in_scratch("key"), bad[i]), 0);
        assert_int_equal(jj_file_check_private(in_scratch("key"), &err), JJ_ECONFIG);
        assert_string_equal(err.file, in_scratch("key"));
        assert_non_null(strstr(err.text, "chmod 600"));
    }
    assert_int_equal(jj_file_check_private(in_scratch("none"), &err), JJ_ESYSTEM);
}

static void a_secret_of_another_user_is_refused(void **state)
{
    jj_error err;
    (void)state;
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    put(in_scratch("key"), "secret", 0600);
    assert_int_equal(chown(in_scratch("key"), 4242, 4242), 0);
    assert_int_equal(jj_file_check_private(in_scratch("key"), &err), 0); /* root administers it */
    assert_int_equal(chmod(scratch, 0755), 0);
    assert_int_equal(seteuid(4243), 0);
    int rc = jj_file_check_private(in_scratch("key"), &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(rc, JJ_ECONFIG);
}

static void assert_path(char *path, const char *expected)
{
    assert_string_equal(path, expected);
    free(path);
}

static void a_credential_counts_before_the_file_of_its_name(void **state)
{
    char credential[256];
    (void)state;
    assert_int_equal(jj_mkdir_all(in_scratch("credentials"), 0500, NULL), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", in_scratch("credentials"), 1), 0);
    assert_path(jj_secret_path("/etc/jejaring/key"), "/etc/jejaring/key");
    assert_int_equal(chmod(in_scratch("credentials"), 0700), 0);
    snprintf(credential, sizeof credential, "%s", in_scratch("credentials/key"));
    put(credential, "secret", 0400);
    assert_path(jj_secret_path("/etc/jejaring/key"), credential);
    assert_path(jj_secret_path("key"), credential);
    assert_path(jj_secret_path("/etc/jejaring/other"), "/etc/jejaring/other");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_path(jj_secret_path("/etc/jejaring/key"), "/etc/jejaring/key");
}

/* As systemd makes them where the file system has access lists: root's, with the list's mask in the
 * bits of the group. */
static void a_credential_may_show_the_mask_of_its_access_list(void **state)
{
    static const mode_t bad[] = {0660, 0444, 0460, 0404, 0450};
    char credential[256];
    jj_error err;
    (void)state;
    if (geteuid() != 0) {
        skip(); /* the file has to be root's */
    }
    assert_int_equal(jj_mkdir_all(in_scratch("credentials"), 0700, NULL), 0);
    snprintf(credential, sizeof credential, "%s", in_scratch("credentials/key"));
    put(credential, "secret", 0440);
    assert_int_equal(chown(credential, 0, 0), 0);
    assert_int_equal(jj_file_check_private(credential, &err), JJ_ECONFIG);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", in_scratch("credentials"), 1), 0);
    assert_int_equal(chmod(in_scratch("credentials"), 0550), 0);
    assert_int_equal(jj_file_check_private(credential, &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(chmod(credential, bad[i]), 0);
        assert_int_equal(jj_file_check_private(credential, &err), JJ_ECONFIG);
    }
    assert_int_equal(chmod(credential, 0440), 0);
    assert_int_equal(chown(credential, 0, 4242), 0); /* a group that can read it */
    assert_int_equal(jj_file_check_private(credential, &err), JJ_ECONFIG);
    assert_int_equal(chown(credential, 0, 0), 0);
    assert_int_equal(chmod(in_scratch("credentials"), 0770), 0); /* others may put files there */
    assert_int_equal(jj_file_check_private(credential, &err), JJ_ECONFIG);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void paths_are_joined_and_taken_apart(void **state)
{
    (void)state;
    assert_path(jj_path_join("/etc", "key"), "/etc/key");
    assert_path(jj_path_join("/etc", "/key"), "/key");
    assert_path(jj_path_dir("/etc/key"), "/etc");
    assert_path(jj_path_dir("/key"), "/");
    assert_path(jj_path_dir("key"), ".");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

static void a_folder_lets_in_whom_the_one_around_it_lets_in(void **state)
{
    struct stat made;
    (void)state;
    assert_int_equal(chown(scratch, (uid_t)-1, getegid()), 0);
    assert_int_equal(chmod(scratch, 02770), 0);
    mode_t before = umask(0077);
    assert_int_equal(jj_mkdir_alike(in_scratch("drop"), NULL), 0);
    assert_int_equal(umask(before), 0077);
    assert_int_equal(stat(in_scratch("drop"), &made), 0);
    assert_int_equal(made.st_mode & 07777, 02770);
    assert_int_equal(chmod(in_scratch("drop"), 0700), 0);
    assert_int_equal(jj_mkdir_alike(in_scratch("drop"), NULL), 0);
    assert_int_equal(stat(in_scratch("drop"), &made), 0);
    assert_int_equal(made.st_mode & 07777, 0700); /* the administrator's word holds */
}

static void a_file_is_not_taken_for_a_folder(void **state)
{
    jj_error err;
    (void)state;
    put(in_scratch("file"), "x", 0600);
    assert_int_equal(jj_mkdir_alike(in_scratch("file"), &err), JJ_ESYSTEM);
    assert_non_null(strstr(err.text, "not a folder"));
    assert_int_equal(symlink(scratch, in_scratch("link")), 0); /* somebody else's, perhaps */
    assert_int_equal(jj_mkdir_alike(in_scratch("link"), &err), JJ_ESYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_reads_back_whole),
        TEST(an_empty_file_is_an_empty_text),
        TEST(a_file_beyond_its_bound_is_refused_with_its_name),
        TEST(a_missing_file_and_a_folder_say_why),
        TEST(a_write_replaces_and_leaves_nothing_beside),
        TEST(a_failed_write_leaves_the_old_file_and_nothing_beside),
        TEST(a_new_file_is_made_by_one_of_many),
        TEST(folders_are_made_with_their_parents),
        TEST(a_secret_that_others_may_read_is_refused),
        TEST(a_secret_of_another_user_is_refused),
        TEST(a_credential_counts_before_the_file_of_its_name),
        TEST(a_credential_may_show_the_mask_of_its_access_list),
        TEST(paths_are_joined_and_taken_apart),
        TEST(a_folder_lets_in_whom_the_one_around_it_lets_in),
        TEST(a_file_is_not_taken_for_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
