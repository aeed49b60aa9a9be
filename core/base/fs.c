#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int jj_fd_read(int fd, size_t max_bytes, jj_buf *out, jj_error *err)
{
    size_t total = 0;
    for (;;) {
        if (!jj_buf_reserve(out, 65536)) {
            return jj_fail(err, JJ_EMEMORY, "out of memory while reading a file");
        }
        ssize_t got = read(fd, out->data + out->size, 65536);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return jj_fail_errno(err, JJ_ESYSTEM, "read");
        }
        out->size += (size_t)got;
        out->data[out->size] = '\0';
        if (got == 0) {
            return 0;
        }
        total += (size_t)got;
        if (total > max_bytes) {
            return jj_fail(err, JJ_ETOO_LARGE, "larger than %zu bytes", max_bytes);
        }
    }
}

static int at_file(jj_error *err, const char *path, int code)
{
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    return code;
}

int jj_file_read(const char *path, size_t max_bytes, jj_buf *out, jj_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return at_file(err, path, jj_fail_errno(err, JJ_ESYSTEM, "cannot open"));
    }
    int rc = jj_fd_read(fd, max_bytes, out, err);
    close(fd);
    return rc ? at_file(err, path, rc) : 0;
}

static int write_all(int fd, const char *data, size_t size_bytes)
{
    while (size_bytes) {
        ssize_t put = write(fd, data, size_bytes);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return -1;
        }
        data += put;
        size_bytes -= (size_t)put;
    }
    return 0;
}

int jj_dir_sync(const char *path, jj_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return at_file(err, path, jj_fail_errno(err, JJ_ESYSTEM, "cannot open the folder"));
    }
    int rc = fsync(fd) ? jj_fail_errno(err, JJ_ESYSTEM, "cannot make the folder durable") : 0;
    close(fd);
    return rc ? at_file(err, path, rc) : 0;
}

/* Puts a finished temporary file in its place. A link, unlike a rename, does not replace. */
static int put_in_place(const char *temporary, const char *path, bool replace, jj_error *err)
{
    if (replace ? rename(temporary, path) : link(temporary, path)) {
        int code = errno == EEXIST ? JJ_ECONFIG : JJ_ESYSTEM;
        at_file(err, path, jj_fail_errno(err, code, "cannot write"));
        unlink(temporary);
        return code;
    }
    if (!replace) {
        unlink(temporary);
    }
    return 0;
}

static int write_file(const char *path, const void *data, size_t size_bytes, mode_t mode,
                      bool replace, jj_error *err)
{
    int rc = 0, fd = -1;
    char *dir = jj_path_dir(path);
    jj_buf temporary = {0};
    jj_buf_printf(&temporary, "%s.XXXXXX", path);
    if (!dir || temporary.failed) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory");
        goto out;
    }
    fd = mkostemp(temporary.data, O_CLOEXEC);
    if (fd < 0) {
        rc = at_file(err, path, jj_fail_errno(err, JJ_ESYSTEM, "cannot create a file beside it"));
        goto out;
    }
    if (fchmod(fd, mode) || write_all(fd, data, size_bytes) || fsync(fd)) {
        rc = at_file(err, path, jj_fail_errno(err, JJ_ESYSTEM, "cannot write"));
        unlink(temporary.data);
        goto out;
    }
    rc = put_in_place(temporary.data, path, replace, err);
    rc = rc ? rc : jj_dir_sync(dir, err);
out:
    if (fd >= 0) {
        close(fd);
    }
    jj_buf_clear(&temporary);
    free(dir);
    return rc;
}

int jj_file_write(const char *path, const void *data, size_t size_bytes, mode_t mode, jj_error *err)
{
    return write_file(path, data, size_bytes, mode, true, err);
}

int jj_file_create(const char *path, const void *data, size_t size_bytes, mode_t mode,
                   jj_error *err)
{
    return write_file(path, data, size_bytes, mode, false, err);
}

static int check_folder(const char *path, bool follow, jj_error *err)
{
    struct stat st;
    if ((follow ? stat(path, &st) : lstat(path, &st)) || !S_ISDIR(st.st_mode)) {
        return at_file(err, path, jj_fail(err, JJ_ESYSTEM, "is there, but is not a folder"));
    }
    return 0;
}

int jj_mkdir_all(const char *path, mode_t mode, jj_error *err)
{
    char *copy = strdup(path);
    int rc = copy ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
    for (char *at = copy; rc == 0 && at;) {
        at = strchr(at + 1, '/');
        if (at) {
            *at = '\0';
        }
        if (mkdir(copy, mode) && errno != EEXIST) {
            rc = at_file(err, copy, jj_fail_errno(err, JJ_ESYSTEM, "cannot make the folder"));
        }
        if (at) {
            *at = '/';
        }
    }
    free(copy);
    return rc ? rc : check_folder(path, true, err);
}

int jj_mkdir_alike(const char *path, jj_error *err)
{
    struct stat outer;
    char *dir = jj_path_dir(path);
    if (!dir) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    int rc = stat(dir, &outer) ? jj_fail_errno(err, JJ_ESYSTEM, "cannot make the folder") : 0;
    free(dir);
    if (rc == 0) {
        /* The setgid bit is not asked for but inherited: a confined service may not set it. */
        mode_t before = umask(0);
        if (mkdir(path, outer.st_mode & 0777) && errno != EEXIST) {
            rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot make the folder");
        }
        umask(before);
    }
    return rc ? at_file(err, path, rc) : check_folder(path, false, err);
}

static const char *credentials(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    return folder && folder[0] == '/' ? folder : NULL;
}

char *jj_secret_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = credentials();
    char *there = folder ? jj_path_join(folder, slash ? slash + 1 : path) : NULL;
    if (folder && (!there || access(there, F_OK) == 0)) {
        return there;
    }
    free(there);
    return strdup(path);
}

/* True for a file right in the folder of credentials, if nobody else can put anything there. */
static bool is_credential(const char *path)
{
    struct stat st;
    const char *folder = credentials();
    char *own = folder ? jj_path_dir(path) : NULL;
    bool right = own && strcmp(own, folder) == 0 && stat(folder, &st) == 0 &&
                 (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IRWXO));
    free(own);
    return right;
}

int jj_file_check_private(const char *path, jj_error *err)
{
    struct stat st;
    mode_t others = S_IRWXG | S_IRWXO;
    if (stat(path, &st)) {
        return at_file(err, path, jj_fail_errno(err, JJ_ESYSTEM, "cannot read"));
    }
    /* To root, who administers the node, the daemon's own key is as good. */
    if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0) {
        return at_file(err, path,
                       jj_fail(err, JJ_ECONFIG, "belongs to another user; chown it to this one"));
    }
    if (st.st_uid == 0 && st.st_gid == 0 && is_credential(path)) {
        others &= ~(mode_t)S_IRGRP;
    }
    if (st.st_mode & others) {
        return at_file(err, path,
                       jj_fail(err, JJ_ECONFIG,
                               "holds a secret but others may read it (mode %04o); chmod 600 it",
                               (unsigned)st.st_mode & 07777));
    }
    return 0;
}

char *jj_path_join(const char *base, const char *path)
{
    jj_buf out = {0};
    if (path[0] != '/') {
        jj_buf_printf(&out, "%s/", base);
    }
    jj_buf_puts(&out, path);
    return jj_buf_take(&out);
}

char *jj_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}
