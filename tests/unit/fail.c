#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <expat.h>
#include <fcntl.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <yaml.h>
#include <zmq.h>

#include <cmocka.h>

#define CALLS_MAX 200000

/* The linker looks for them in the name of shared libraries, too. */
#pragma GCC visibility push(default)

/* Shared with the processes that a test forks. */
static struct control {
    atomic_int thread; /* 0: none fails */
    atomic_uint kinds, left, hits;
    atomic_bool from;
    atomic_llong ahead_ms; /* of the clock that counts from the start of the machine */
} * control;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static void *json_memory(size_t size)
{
    return __wrap_malloc(size);
}

__attribute__((constructor)) static void set_up(void)
{
    control =
        mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    json_set_alloc_funcs(json_memory, free);
}

void fail_at_in(pid_t thread, unsigned kinds, unsigned number, bool from)
{
    control->thread = 0;
    control->kinds = kinds;
    control->left = number;
    control->from = from;
    control->hits = 0;
    control->thread = thread;
}

void fail_at(unsigned kinds, unsigned number, bool from)
{
    fail_at_in(gettid(), kinds, number, from);
}

void fail_skip_ms(int64_t ms)
{
    control->ahead_ms += ms;
}

unsigned fail_hits(void)
{
    return control->hits;
}

unsigned fail_end(void)
{
    control->thread = 0;
    return control->hits;
}

bool fail_next(unsigned kinds, unsigned number)
{
    if (number > 1 && !control->hits) {
        return false;
    }
    if (number > CALLS_MAX) {
        fail_msg("fails for ever: %u calls", number);
    }
    fail_at(kinds, number, false);
    return true;
}

/* Where, for whoever looks for the call that a test tripped over. */
static void tell(void)
{
    void *frames[16];
    if (getenv("FAIL_TRACE")) {
        fprintf(stderr, "call fails at:\n");
        backtrace_symbols_fd(frames, backtrace(frames, 16), STDERR_FILENO);
    }
}

static bool fails(enum fail_kind kind)
{
    if (!control->thread || !(control->kinds & kind) || control->thread != gettid()) {
        return false;
    }
    if (control->left > 1) {
        control->left--;
        return false;
    }
    if (control->left == 0 && !control->from) {
        return false;
    }
    control->left = 0;
    control->hits++;
    tell();
    return true;
}

/* ---- What a call answers that fails --------------------------------------------------------- */

static void *none(int number)
{
    errno = number;
    return NULL;
}

static int bad(int number)
{
    errno = number;
    return -1;
}

/* One line a function: what it gives and takes, its kind, and what it answers when it fails. */
#define WRAP(type, name, parameters, arguments, kind, failure)                                     \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(kind) ? (failure) : __real_##name arguments;                                  \
    }

/* clang-format off */
WRAP(void *, malloc, (size_t size), (size), FAIL_MEMORY, none(ENOMEM))
WRAP(void *, calloc, (size_t count, size_t size), (count, size), FAIL_MEMORY, none(ENOMEM))
WRAP(void *, realloc, (void *old, size_t size), (old, size), FAIL_MEMORY, none(ENOMEM))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), FAIL_MEMORY, none(ENOMEM))
WRAP(char *, strdup, (const char *text), (text), FAIL_MEMORY, none(ENOMEM))
WRAP(char *, strndup, (const char *text, size_t size), (text, size), FAIL_MEMORY, none(ENOMEM))

WRAP(int, sqlite3_open_v2, (const char *name, sqlite3 **db, int flags, const char *vfs), (name, db, flags, vfs), FAIL_SQL, (*db = NULL, SQLITE_CANTOPEN))
WRAP(int, sqlite3_prepare_v2, (sqlite3 *db, const char *sql, int size, sqlite3_stmt **out, const char **end), (db, sql, size, out, end), FAIL_SQL, (*out = NULL, SQLITE_NOMEM))
WRAP(int, sqlite3_prepare_v3, (sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **out, const char **end), (db, sql, size, flags, out, end), FAIL_SQL, (*out = NULL, SQLITE_NOMEM))
WRAP(int, sqlite3_step, (sqlite3_stmt *statement), (statement), FAIL_SQL, SQLITE_IOERR)
WRAP(int, sqlite3_exec, (sqlite3 *db, const char *sql, int (*visit)(void *, int, char **, char **), void *arg, char **text), (db, sql, visit, arg, text), FAIL_SQL, SQLITE_IOERR)
WRAP(int, sqlite3_wal_checkpoint_v2, (sqlite3 *db, const char *name, int mode, int *log, int *moved), (db, name, mode, log, moved), FAIL_SQL, SQLITE_IOERR)
WRAP(sqlite3_backup *, sqlite3_backup_init, (sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name), (to, to_name, from, from_name), FAIL_SQL, NULL)
WRAP(int, sqlite3_backup_step, (sqlite3_backup *backup, int pages), (backup, pages), FAIL_SQL, SQLITE_IOERR)

WRAP(void *, zmq_ctx_new, (void), (), FAIL_SOCKET, none(EMFILE))
WRAP(void *, zmq_socket, (void *context, int type), (context, type), FAIL_SOCKET, none(EMFILE))
WRAP(int, zmq_bind, (void *socket, const char *address), (socket, address), FAIL_SOCKET, bad(EADDRINUSE))
WRAP(int, zmq_connect, (void *socket, const char *address), (socket, address), FAIL_SOCKET, bad(EMTHREAD))
WRAP(int, zmq_msg_init_size, (zmq_msg_t *message, size_t size), (message, size), FAIL_SOCKET | FAIL_MEMORY, bad(ENOMEM))
WRAP(int, zmq_msg_init_data, (zmq_msg_t *message, void *data, size_t size, zmq_free_fn *release, void *hint), (message, data, size, release, hint), FAIL_SOCKET | FAIL_MEMORY, bad(ENOMEM))
WRAP(int, zmq_msg_recv, (zmq_msg_t *message, void *socket, int flags), (message, socket, flags), FAIL_SOCKET, bad(EINTR))
WRAP(int, zmq_poll, (zmq_pollitem_t *items, int count, long timeout_ms), (items, count, timeout_ms), FAIL_SOCKET, bad(EINTR))
WRAP(int, zmq_socket_monitor, (void *socket, const char *address, int events), (socket, address, events), FAIL_SOCKET, bad(ENOMEM))
WRAP(int, zmq_curve_keypair, (char *public_key, char *secret_key), (public_key, secret_key), FAIL_SOCKET, bad(ENOTSUP))

WRAP(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), FAIL_FILE, bad(EIO))
WRAP(ssize_t, pread, (int fd, void *data, size_t size, off_t at), (fd, data, size, at), FAIL_FILE, bad(EIO))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), FAIL_FILE, bad(ENOSPC))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), FAIL_FILE, bad(ENOSPC))
WRAP(int, fsync, (int fd), (fd), FAIL_FILE, bad(EIO))
WRAP(int, fdatasync, (int fd), (fd), FAIL_FILE, bad(EIO))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), FAIL_FILE, bad(EIO))
WRAP(int, fstat, (int fd, struct stat *out), (fd, out), FAIL_FILE, bad(EIO))
WRAP(int, stat, (const char *path, struct stat *out), (path, out), FAIL_FILE, bad(EACCES))
WRAP(int, lstat, (const char *path, struct stat *out), (path, out), FAIL_FILE, bad(EACCES))
WRAP(int, rename, (const char *from, const char *to), (from, to), FAIL_FILE, bad(EACCES))
WRAP(int, renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned flags), (from_fd, from, to_fd, to, flags), FAIL_FILE, bad(EACCES))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), FAIL_FILE, bad(EACCES))
WRAP(int, unlink, (const char *path), (path), FAIL_FILE, bad(EACCES))
WRAP(int, link, (const char *from, const char *to), (from, to), FAIL_FILE, bad(EMLINK))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), FAIL_FILE, bad(EPERM))
WRAP(int, flock, (int fd, int how), (fd, how), FAIL_FILE, bad(ENOLCK))
WRAP(int, statvfs, (const char *path, struct statvfs *out), (path, out), FAIL_FILE, bad(EACCES))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), FAIL_FILE, none(EMFILE))
WRAP(DIR *, opendir, (const char *path), (path), FAIL_FILE, none(EMFILE))
WRAP(DIR *, fdopendir, (int fd), (fd), FAIL_FILE, none(ENOMEM))

WRAP(int, epoll_create1, (int flags), (flags), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, epoll_ctl, (int fd, int what, int other, struct epoll_event *event), (fd, what, other, event), FAIL_SYSTEM, bad(ENOSPC))
WRAP(int, inotify_init1, (int flags), (flags), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask), FAIL_SYSTEM, bad(ENOSPC))
WRAP(int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, pipe2, (int ends[2], int flags), (ends, flags), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, socket, (int family, int type, int protocol), (family, type, protocol), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends), FAIL_SYSTEM, bad(EMFILE))
WRAP(int, dup2, (int from, int to), (from, to), FAIL_SYSTEM, bad(EMFILE))
WRAP(pid_t, fork, (void), (), FAIL_SYSTEM, bad(EAGAIN))
WRAP(ssize_t, getrandom, (void *out, size_t size, unsigned flags), (out, size, flags), FAIL_SYSTEM, bad(ENOSYS))

WRAP(int, sodium_init, (void), (), FAIL_LIBRARY, -1)
WRAP(int, yaml_parser_initialize, (yaml_parser_t *parser), (parser), FAIL_LIBRARY, 0)
WRAP(XML_Parser, XML_ParserCreate, (const XML_Char *encoding), (encoding), FAIL_LIBRARY, NULL)
WRAP(void *, XML_GetBuffer, (XML_Parser parser, int size), (parser, size), FAIL_LIBRARY, NULL)
WRAP(PGconn *, PQconnectStartParams, (const char *const *names, const char *const *values, int expand), (names, values, expand), FAIL_LIBRARY, NULL)
WRAP(int, PQsetnonblocking, (PGconn *connection, int on), (connection, on), FAIL_LIBRARY, -1)
WRAP(int, PQsendQuery, (PGconn *connection, const char *sql), (connection, sql), FAIL_LIBRARY, 0)
WRAP(int, PQsendQueryParams, (PGconn *connection, const char *sql, int count, const Oid *types, const char *const *values, const int *lengths, const int *formats, int format), (connection, sql, count, types, values, lengths, formats, format), FAIL_LIBRARY, 0)
WRAP(int, PQputCopyData, (PGconn *connection, const char *data, int size), (connection, data, size), FAIL_LIBRARY, -1)
WRAP(int, PQputCopyEnd, (PGconn *connection, const char *error), (connection, error), FAIL_LIBRARY, -1)
WRAP(int, PQconsumeInput, (PGconn *connection), (connection), FAIL_LIBRARY, 0)
WRAP(int, PQflush, (PGconn *connection), (connection), FAIL_LIBRARY, -1)
/* clang-format on */

/* Fails as a whole, or not at all: jansson's lexer does not notice that its buffer did not grow. */
json_t *__real_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t size, size_t flags, json_error_t *error)
{
    if (fails(FAIL_MEMORY)) {
        return none(ENOMEM);
    }
    int thread = atomic_exchange(&control->thread, 0);
    json_t *value = __real_json_loadb(text, size, flags, error);
    control->thread = thread;
    return value;
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = __real_clock_gettime(clock, now);
    if (clock == CLOCK_MONOTONIC) {
        now->tv_sec += control->ahead_ms / 1000;
    }
    return rc;
}

/* Between two frames of a message libzmq lets nothing fail. */
int __real_zmq_msg_send(zmq_msg_t *message, void *socket, int flags);
int __wrap_zmq_msg_send(zmq_msg_t *message, void *socket, int flags);
int __wrap_zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
    static _Thread_local bool within;
    if (!within && fails(FAIL_SOCKET)) {
        return bad(EHOSTUNREACH);
    }
    int rc = __real_zmq_msg_send(message, socket, flags);
    within = rc >= 0 && flags & ZMQ_SNDMORE;
    return rc;
}

/* Those that take more than they name. */

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    return fails(FAIL_FILE) ? bad(EMFILE) : __real_open(path, flags, mode);
}

int __real_openat(int folder, const char *path, int flags, mode_t mode);
int __wrap_openat(int folder, const char *path, int flags, mode_t mode);
int __wrap_openat(int folder, const char *path, int flags, mode_t mode)
{
    return fails(FAIL_FILE) ? bad(EMFILE) : __real_openat(folder, path, flags, mode);
}

/* The program's own output does not fail: the C library would remember that, and say so later. */
size_t __real_fwrite(const void *data, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file);
size_t __wrap_fwrite(const void *data, size_t size, size_t count, FILE *file)
{
    return file != stdout && file != stderr && fails(FAIL_FILE)
               ? 0
               : __real_fwrite(data, size, count, file);
}

int __real_fflush(FILE *file);
int __wrap_fflush(FILE *file);
int __wrap_fflush(FILE *file)
{
    return file != stdout && file != stderr && fails(FAIL_FILE) ? bad(ENOSPC) : __real_fflush(file);
}

/* It is closed all the same. */
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_fclose(FILE *file)
{
    bool failing = fails(FAIL_FILE);
    int rc = __real_fclose(file);
    return failing ? bad(ENOSPC) : rc;
}
