#include "event/secret.h"

#include "base/fs.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load_key(const char *path, unsigned char key[JJ_KEY_SIZE], jj_error *err)
{
    jj_buf text = {0};
    int rc = jj_file_check_private(path, err);
    rc = rc ? rc : jj_file_read(path, 4096, &text, err);
    if (rc == 0) {
        while (text.size && memchr(" \r\n", text.data[text.size - 1], 3)) {
            text.size--;
        }
        if (!jj_unhex(text.data, text.size, key, JJ_KEY_SIZE)) {
            rc = jj_fail(err, JJ_ECONFIG,
                         "%s is not a key: 64 hexadecimal digits are expected (make one with "
                         "`jejaringctl keys new FILE`)",
                         path);
        }
    }
    if (text.data) {
        sodium_memzero(text.data, text.capacity);
    }
    jj_buf_clear(&text);
    return rc;
}

int jj_key_load(const char *path, unsigned char key[JJ_KEY_SIZE], jj_error *err)
{
    char *where = jj_secret_path(path);
    int rc = where ? load_key(where, key, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(where);
    return rc;
}

int jj_key_new(const char *path, jj_error *err)
{
    unsigned char key[JJ_KEY_SIZE];
    char hex[2 * JJ_KEY_SIZE + 2];
    jj_random(key, sizeof key);
    jj_hex(key, sizeof key, hex);
    hex[2 * JJ_KEY_SIZE] = '\n';
    /* Not "is it there? then write": of two processes that start at once, one would go on with a
     * key that the other has overwritten, and every person key it makes would be lost. */
    int rc = jj_file_create(path, hex, 2 * JJ_KEY_SIZE + 1, 0600, err);
    if (rc == JJ_ECONFIG && err) {
        snprintf(err->text, sizeof err->text, "is there already, and a key is never overwritten");
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return rc;
}

char *jj_person_key_default(const char *state_dir)
{
    return jj_path_join(state_dir, "person.key");
}

static int load_or_make(const char *path, unsigned char key[JJ_KEY_SIZE], bool *made, jj_error *err)
{
    int rc = 0;
    char *where = jj_secret_path(path);
    bool missing = where && access(where, F_OK) && errno == ENOENT;
    free(where);
    *made = false;
    if (missing) {
        rc = jj_key_new(path, err);
        *made = rc == 0;
    }
    /* JJ_ECONFIG: another process was faster. */
    return rc && rc != JJ_ECONFIG ? rc : jj_key_load(path, key, err);
}

static void derive_digest_key(jj_secrets *secrets)
{
    static const char purpose[] = "jejaring digest";
    jj_hash_text(secrets->node_key, purpose, sizeof purpose - 1, secrets->digest_key,
                 sizeof secrets->digest_key);
}

int jj_secrets_open(jj_secrets *secrets, const char *person_key, const char *state_dir, bool *made,
                    jj_error *err)
{
    bool node_made;
    char *own = jj_person_key_default(state_dir);
    char *node = jj_path_join(state_dir, "node.key");
    int rc = own && node ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    *made = false;
    if (rc == 0) {
        rc = person_key ? jj_key_load(person_key, secrets->person_key, err)
                        : load_or_make(own, secrets->person_key, made, err);
    }
    rc = rc ? rc : load_or_make(node, secrets->node_key, &node_made, err);
    if (rc == 0) {
        derive_digest_key(secrets);
    }
    free(own);
    free(node);
    return rc;
}

void jj_person_key_mark(const unsigned char person_key[JJ_KEY_SIZE], char mark[JJ_KEY_MARK_SIZE])
{
    static const char purpose[] = "jejaring mark";
    unsigned char hash[(JJ_KEY_MARK_SIZE - 1) / 2];
    jj_hash_text(person_key, purpose, sizeof purpose - 1, hash, sizeof hash);
    jj_hex(hash, sizeof hash, mark);
}

void jj_import_key(const unsigned char person_key[JJ_KEY_SIZE], unsigned char key[JJ_KEY_SIZE])
{
    static const char purpose[] = "jejaring import";
    jj_hash_text(person_key, purpose, sizeof purpose - 1, key, JJ_KEY_SIZE);
}

#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

static void purpose_key(const jj_secrets *secrets, const char *purpose, const char *label,
                        unsigned char key[JJ_KEY_SIZE])
{
    const jj_part parts[] = {{purpose, strlen(purpose)}, {label, strlen(label)}};
    jj_hash(secrets->node_key, parts, 2, key, JJ_KEY_SIZE);
}

int jj_seal(const jj_secrets *secrets, const char *purpose, const char *label, jj_span text,
            jj_buf *out)
{
    unsigned char key[JJ_KEY_SIZE];
    unsigned long long size;
    if (!jj_buf_reserve(out, NONCE_SIZE + text.size_bytes + TAG_SIZE)) {
        return JJ_EMEMORY;
    }
    unsigned char *nonce = (unsigned char *)out->data + out->size;
    jj_random(nonce, NONCE_SIZE);
    purpose_key(secrets, purpose, label, key);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, &size,
                                               (const unsigned char *)text.at, text.size_bytes,
                                               NULL, 0, NULL, nonce, key);
    out->size += NONCE_SIZE + (size_t)size;
    out->data[out->size] = '\0';
    sodium_memzero(key, sizeof key);
    return 0;
}

int jj_unseal(const jj_secrets *secrets, const char *purpose, const char *label, jj_span sealed,
              jj_buf *out)
{
    unsigned char key[JJ_KEY_SIZE];
    unsigned long long size;
    if (sealed.size_bytes < NONCE_SIZE + TAG_SIZE) {
        return JJ_EINVALID;
    }
    if (!jj_buf_reserve(out, sealed.size_bytes)) {
        return JJ_EMEMORY;
    }
    const unsigned char *nonce = (const unsigned char *)sealed.at;
    purpose_key(secrets, purpose, label, key);
    int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
        (unsigned char *)out->data + out->size, &size, NULL, nonce + NONCE_SIZE,
        sealed.size_bytes - NONCE_SIZE, NULL, 0, nonce, key);
    sodium_memzero(key, sizeof key);
    if (rc) {
        return JJ_EINVALID;
    }
    out->size += (size_t)size;
    out->data[out->size] = '\0';
    return 0;
}
