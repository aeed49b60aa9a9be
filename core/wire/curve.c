/* CURVE keys: pairs, their text form, and the files that hold secret ones. */
#include "wire/internal.h"

#include "base/fs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 4096

int jj_curve_pair(char public_key[JJ_Z85_SIZE], char secret_key[JJ_Z85_SIZE], jj_error *err)
{
    return zmq_curve_keypair(public_key, secret_key)
               ? jj_fail(err, JJ_ESYSTEM, "cannot make a CURVE pair: %s", zmq_strerror(zmq_errno()))
               : 0;
}

int jj_curve_public(const char *secret_key, char public_key[JJ_Z85_SIZE], jj_error *err)
{
    return zmq_curve_public(public_key, secret_key)
               ? jj_fail(err, JJ_ECONFIG, "not a CURVE secret key in Z85")
               : 0;
}

bool jj_z85_encode(jj_bytes key, char text[JJ_Z85_SIZE])
{
    return key.size_bytes == 32 && zmq_z85_encode(text, (const uint8_t *)key.data, 32);
}

static int load(const char *path, char secret_key[JJ_Z85_SIZE], char public_key[JJ_Z85_SIZE],
                jj_error *err)
{
    jj_buf text = {0};
    int rc = jj_file_check_private(path, err);
    rc = rc ? rc : jj_file_read(path, KEY_FILE_MAX, &text, err);
    while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r')) {
        text.size--;
    }
    if (rc == 0 && text.size != JJ_Z85_SIZE - 1) {
        rc = jj_fail(err, JJ_ECONFIG, "%s is not a CURVE secret key: 40 characters are expected",
                     path);
    }
    if (rc == 0) {
        memcpy(secret_key, text.data, JJ_Z85_SIZE - 1);
        secret_key[JJ_Z85_SIZE - 1] = '\0';
        rc = jj_curve_public(secret_key, public_key, err);
    }
    if (text.data) {
        explicit_bzero(text.data, text.capacity);
    }
    jj_buf_clear(&text);
    return rc;
}

int jj_curve_load(const char *path, char secret_key[JJ_Z85_SIZE], char public_key[JJ_Z85_SIZE],
                  jj_error *err)
{
    char *where = jj_secret_path(path);
    int rc = where ? load(where, secret_key, public_key, err)
                   : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(where);
    return rc;
}
