/*
 * Key files and what is sealed with them.
 */
#include "base/fs.h"
#include "event/secret.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    return jj_id_init() ? scratch_make(state) : -1;
}

static void put(const char *name, const char *text, size_t size, mode_t mode)
{
    jj_error err;
    if (jj_file_write(in_scratch(name), text, size, mode, &err)) {
        fail_msg("%s: %s", err.file, err.text);
    }
}

/* ---- Key files ---------------------------------------------------------------------------- */

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static void a_key_is_64_hexadecimal_digits(void **state)
{
    static const char *const good[] = {DIGITS, DIGITS "\n", DIGITS "\r\n", DIGITS "  \n"};
    unsigned char key[JJ_KEY_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        memset(key, 0xaa, sizeof key);
        put("key", good[i], strlen(good[i]), 0600);
        assert_int_equal(jj_key_load(in_scratch("key"), key, NULL), 0);
        for (unsigned b = 0; b < JJ_KEY_SIZE; b++) {
            assert_int_equal(key[b], b);
        }
    }
}

static void a_file_that_is_no_key_is_refused_without_being_quoted(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {{"", 0},          {"secret\n", 7},   {DIGITS, 63},    {DIGITS "0", 65},
               {" " DIGITS, 65}, {DIGITS "\0", 65}, {"g" DIGITS, 64}};
    unsigned char key[JJ_KEY_SIZE];
    jj_error err;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("key", bad[i].text, bad[i].size, 0600);
        if (jj_key_load(in_scratch("key"), key, &err) != JJ_ECONFIG) {
            fail_msg("file %zu was taken for a key", i);
        }
        assert_null(strstr(err.text, "secret\n"));
        assert_null(strstr(err.text, "0001"));
    }
    assert_int_equal(jj_key_load(in_scratch("none"), key, &err), JJ_ESYSTEM);
    char *large = calloc(1, 5000);
    put("key", large, 5000, 0600);
    assert_int_equal(jj_key_load(in_scratch("key"), key, &err), JJ_ETOO_LARGE);
    free(large);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    unsigned char key[JJ_KEY_SIZE];
    jj_error err;
    (void)state;
    put("key", DIGITS, 64, 0640);
    assert_int_equal(jj_key_load(in_scratch("key"), key, &err), JJ_ECONFIG);
    assert_non_null(strstr(err.text, "chmod 600"));
}

static void a_new_key_is_private_random_and_never_overwrites(void **state)
{
    unsigned char first[JJ_KEY_SIZE], second[JJ_KEY_SIZE], again[JJ_KEY_SIZE];
    struct stat st;
    jj_error err;
    (void)state;
    assert_int_equal(jj_key_new(in_scratch("a"), &err), 0);
    assert_int_equal(stat(in_scratch("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(jj_key_load(in_scratch("a"), first, &err), 0);
    assert_int_equal(jj_key_new(in_scratch("b"), &err), 0);
    assert_int_equal(jj_key_load(in_scratch("b"), second, &err), 0);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(jj_key_new(in_scratch("a"), &err), JJ_ECONFIG);
    assert_int_equal(jj_key_load(in_scratch("a"), again, &err), 0);
    assert_memory_equal(first, again, sizeof first);
}

static void a_node_without_keys_makes_them_once(void **state)
{
    jj_secrets first, second;
    bool made = false;
    (void)state;
    assert_int_equal(jj_secrets_open(&first, NULL, scratch, &made, NULL), 0);
    assert_true(made);
    assert_int_equal(jj_secrets_open(&second, NULL, scratch, &made, NULL), 0);
    assert_false(made);
    assert_memory_equal(&first, &second, sizeof first);
    assert_memory_not_equal(first.person_key, first.node_key, JJ_KEY_SIZE);
}

static void a_person_key_that_the_configuration_names_is_never_made(void **state)
{
    jj_secrets secrets;
    bool made = true;
    jj_error err;
    (void)state;
    char *path = jj_path_join(scratch, "province.key");
    assert_int_equal(jj_secrets_open(&secrets, path, scratch, &made, &err), JJ_ESYSTEM);
    assert_string_equal(err.file, path);
    assert_int_not_equal(access(path, F_OK), 0);
    put("province.key", DIGITS, 64, 0600);
    assert_int_equal(jj_secrets_open(&secrets, path, scratch, &made, &err), 0);
    assert_false(made);
    assert_int_equal(secrets.person_key[31], 31);
    free(path);
}

/* A child says by its exit code whether it got keys, and writes them to the pipe. */
static void open_in_child(int go, int out)
{
    jj_secrets secrets = {0};
    bool made;
    char byte;
    ssize_t got = read(go, &byte, 1); /* the end of the pipe: everybody starts */
    int rc = jj_secrets_open(&secrets, NULL, scratch, &made, NULL);
    ssize_t put_bytes = write(out, &secrets, sizeof secrets);
    _exit(rc || got < 0 || put_bytes < 0);
}

static void processes_that_start_at_once_share_the_keys(void **state)
{
    enum {
        ROUNDS = 10,
        CHILDREN = 8
    };
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int go[2], out[2], status;
        jj_secrets first, other;
        assert_int_equal(pipe(go) | pipe(out), 0);
        for (int i = 0; i < CHILDREN; i++) {
            if (fork() == 0) {
                close(go[1]);
                open_in_child(go[0], out[1]);
            }
        }
        close(go[1]);
        for (int i = 0; i < CHILDREN; i++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
            assert_int_equal(read(out[0], i ? &other : &first, sizeof first), sizeof first);
            assert_true(i == 0 || memcmp(&first, &other, sizeof first) == 0);
        }
        close(go[0]);
        close(out[0]);
        close(out[1]);
        assert_int_equal(unlink(in_scratch("person.key")), 0);
        assert_int_equal(unlink(in_scratch("node.key")), 0);
    }
}

static void the_import_has_a_key_of_its_own(void **state)
{
    /* Computed with Python's hashlib: blake2b("jejaring import", key=0..31, digest_size=32). */
    unsigned char person[JJ_KEY_SIZE], key[JJ_KEY_SIZE];
    char hex[2 * JJ_KEY_SIZE + 1];
    (void)state;
    assert_true(jj_unhex(DIGITS, 64, person, sizeof person));
    jj_import_key(person, key);
    jj_hex(key, sizeof key, hex);
    assert_string_equal(hex, "5afa1a344fee08f3f4e7f7e51d9f1dc882947daffa8c324ffa39cf08a4a46a66");
}

static void a_person_key_is_known_again_by_its_mark(void **state)
{
    /* Computed with Python's hashlib: blake2b("jejaring mark", key=0..31, digest_size=16). */
    unsigned char person[JJ_KEY_SIZE];
    char mark[JJ_KEY_MARK_SIZE];
    (void)state;
    assert_true(jj_unhex(DIGITS, 64, person, sizeof person));
    jj_person_key_mark(person, mark);
    assert_string_equal(mark, "88a85682afa278ab78252eb875444969");
}

/* ---- Seals -------------------------------------------------------------------------------- */

static const jj_secrets secrets = {.node_key = {1, 2, 3}};

static jj_span span(const char *text)
{
    return (jj_span){text, strlen(text)};
}

static jj_span sealed_span(const jj_buf *sealed)
{
    return (jj_span){sealed->data, sealed->size};
}

static void what_was_sealed_opens(void **state)
{
    static const char *const texts[] = {"", "x", "{\"name\":\"Siti\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jj_buf sealed = {0}, text = {0};
        assert_int_equal(jj_seal(&secrets, "vault", "label", span(texts[i]), &sealed), 0);
        assert_int_equal(jj_unseal(&secrets, "vault", "label", sealed_span(&sealed), &text), 0);
        assert_string_equal(text.data, texts[i]);
        assert_int_equal(text.size, strlen(texts[i]));
        jj_buf_clear(&sealed);
        jj_buf_clear(&text);
    }
}

static void sealing_appends_and_never_repeats_itself(void **state)
{
    jj_buf both = {0}, text = {0};
    (void)state;
    assert_int_equal(jj_seal(&secrets, "vault", "label", span("same"), &both), 0);
    size_t half = both.size;
    assert_int_equal(jj_seal(&secrets, "vault", "label", span("same"), &both), 0);
    assert_int_equal(both.size, 2 * half);
    assert_memory_not_equal(both.data, both.data + half, half);
    assert_null(memmem(both.data, both.size, "same", 4));
    jj_span second = {both.data + half, half};
    jj_buf_puts(&text, "and ");
    assert_int_equal(jj_unseal(&secrets, "vault", "label", second, &text), 0);
    assert_string_equal(text.data, "and same");
    jj_buf_clear(&both);
    jj_buf_clear(&text);
}

static void a_seal_opens_only_with_its_key_purpose_and_label(void **state)
{
    jj_secrets other = secrets;
    jj_buf sealed = {0}, text = {0};
    (void)state;
    other.node_key[31] ^= 1;
    assert_int_equal(jj_seal(&secrets, "vault", "ab", span("text"), &sealed), 0);
    jj_span box = sealed_span(&sealed);
    assert_int_equal(jj_unseal(&secrets, "quarantine", "ab", box, &text), JJ_EINVALID);
    assert_int_equal(jj_unseal(&secrets, "vault", "b", box, &text), JJ_EINVALID);
    assert_int_equal(jj_unseal(&secrets, "vaulta", "b", box, &text), JJ_EINVALID);
    assert_int_equal(jj_unseal(&other, "vault", "ab", box, &text), JJ_EINVALID);
    assert_int_equal(text.size, 0);
    jj_buf_clear(&sealed);
    jj_buf_clear(&text);
}

static void every_altered_bit_and_every_cut_is_noticed(void **state)
{
    jj_buf sealed = {0}, text = {0};
    (void)state;
    assert_int_equal(jj_seal(&secrets, "vault", "label", span("contact"), &sealed), 0);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(jj_unseal(&secrets, "vault", "label", sealed_span(&sealed), &text),
                         JJ_EINVALID);
        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < sealed.size; size++) {
        char *exact = malloc(size + !size);
        memcpy(exact, sealed.data, size);
        assert_int_equal(jj_unseal(&secrets, "vault", "label", (jj_span){exact, size}, &text),
                         JJ_EINVALID);
        free(exact);
    }
    assert_int_equal(text.size, 0);
    jj_buf_clear(&sealed);
    jj_buf_clear(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_64_hexadecimal_digits),
        TEST(a_file_that_is_no_key_is_refused_without_being_quoted),
        TEST(a_key_that_others_may_read_is_refused),
        TEST(a_new_key_is_private_random_and_never_overwrites),
        TEST(a_node_without_keys_makes_them_once),
        TEST(a_person_key_that_the_configuration_names_is_never_made),
        TEST(processes_that_start_at_once_share_the_keys),
        TEST(the_import_has_a_key_of_its_own),
        TEST(a_person_key_is_known_again_by_its_mark),
        TEST(what_was_sealed_opens),
        TEST(sealing_appends_and_never_repeats_itself),
        TEST(a_seal_opens_only_with_its_key_purpose_and_label),
        TEST(every_altered_bit_and_every_cut_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
