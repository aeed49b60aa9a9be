#include "import/paper.h"

#include "base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0640
#define TRIES_MAX 100

size_t jj_name_stem(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* The attempt'th name to try: the name, then name-20260504-101530, then with a number behind. A
 * long stem is cut, between two characters of UTF-8. */
static void variant(const char *name, unsigned attempt, char out[JJ_NAME_SIZE])
{
    char mark[48] = "";
    if (attempt) {
        time_t now = time(NULL);
        struct tm local;
        localtime_r(&now, &local);
        strftime(mark, sizeof mark, "-%Y%m%d-%H%M%S", &local);
    }
    if (attempt > 1) {
        size_t used = strlen(mark);
        snprintf(mark + used, sizeof mark - used, "-%u", attempt);
    }
    size_t stem = jj_name_stem(name), ending = strlen(name + stem);
    if (ending > 32) {
        stem = strlen(name);
        ending = 0;
    }
    size_t room = JJ_NAME_SIZE - 1 - strlen(mark) - ending, keep = stem < room ? stem : room;
    while (keep < stem && keep && ((unsigned char)name[keep] & 0xc0) == 0x80) {
        keep--;
    }
    snprintf(out, JJ_NAME_SIZE, "%.*s%s%s", (int)keep, name, mark, name + stem);
}

int jj_paper_create(jj_paper *paper, int dir, jj_error *err)
{
    paper->dir = dir;
    paper->hidden[0] = '\0';
    paper->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    if (paper->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
        unsigned char random[8];
        char hex[17];
        jj_random(random, sizeof random);
        jj_hex(random, sizeof random, hex);
        snprintf(paper->hidden, sizeof paper->hidden, ".jejaring-%s.part", hex);
        paper->fd = openat(dir, paper->hidden, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, FILE_MODE);
    }
    /* The office, which has the folder's group, is to read it, whatever the service's umask is. */
    if (paper->fd < 0 || fchmod(paper->fd, FILE_MODE)) {
        int rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot create a file in the folder");
        jj_paper_drop(paper);
        return rc;
    }
    return 0;
}

int jj_paper_write(jj_paper *paper, const void *data, size_t size_bytes, jj_error *err)
{
    const char *at = data;
    while (size_bytes) {
        ssize_t put = write(paper->fd, at, size_bytes);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return jj_fail_errno(err, JJ_ESYSTEM, "cannot write into the folder");
        }
        at += put;
        size_bytes -= (size_t)put;
    }
    return 0;
}

void jj_paper_drop(jj_paper *paper)
{
    if (paper->fd >= 0) {
        close(paper->fd);
        paper->fd = -1;
    }
    if (paper->hidden[0]) {
        unlinkat(paper->dir, paper->hidden, 0);
        paper->hidden[0] = '\0';
    }
}

/* Renames without overwriting, also where the file system or the kernel lacks the flag for it. */
static int rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
    if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (linkat(from_dir, from, to_dir, to, 0)) {
        return -1;
    }
    return unlinkat(from_dir, from, 0);
}

/* Gives the file its name; -1 with errno. */
static int give_name(jj_paper *paper, const char *name)
{
    char path[64];
    if (paper->hidden[0]) {
        int rc = rename_new(paper->dir, paper->hidden, paper->dir, name);
        if (rc == 0) {
            paper->hidden[0] = '\0';
        }
        return rc;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", paper->fd);
    return linkat(AT_FDCWD, path, paper->dir, name, AT_SYMLINK_FOLLOW);
}

static bool same_content(int a, int b)
{
    struct stat left, right;
    if (fstat(a, &left) || fstat(b, &right) || left.st_size != right.st_size) {
        return false;
    }
    char one[16384], two[16384];
    for (off_t at = 0; at < left.st_size;) {
        ssize_t got = pread(a, one, sizeof one, at);
        if (got <= 0 || pread(b, two, (size_t)got, at) != got ||
            memcmp(one, two, (size_t)got) != 0) {
            return false;
        }
        at += got;
    }
    return true;
}

static bool is_there_already(const jj_paper *paper, const char *name)
{
    int fd = openat(paper->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool same = same_content(paper->fd, fd);
    close(fd);
    return same;
}

int jj_paper_keep(jj_paper *paper, const char *name, char kept[JJ_NAME_SIZE], jj_error *err)
{
    int rc = fsync(paper->fd) ? -1 : 0;
    for (unsigned attempt = 0; rc == 0 && attempt < TRIES_MAX; attempt++) {
        char candidate[JJ_NAME_SIZE];
        variant(name, attempt, candidate);
        bool made = give_name(paper, candidate) == 0;
        if (made || (errno == EEXIST && is_there_already(paper, candidate))) {
            rc = fsync(paper->dir);
            snprintf(kept, JJ_NAME_SIZE, "%s", candidate);
            if (rc && made) {
                int why = errno;
                unlinkat(paper->dir, candidate, 0); /* it will be made again */
                errno = why;
            }
            break;
        }
        rc = errno == EEXIST && attempt + 1 < TRIES_MAX ? 0 : -1;
    }
    if (rc) {
        jj_fail_errno(err, JJ_ESYSTEM, "cannot keep a file in the folder");
    }
    jj_paper_drop(paper);
    return rc ? JJ_ESYSTEM : 0;
}

void jj_paper_free_name(int dir, const char *wanted, char free_name[JJ_NAME_SIZE])
{
    struct stat st;
    for (unsigned attempt = 0; attempt < TRIES_MAX; attempt++) {
        variant(wanted, attempt, free_name);
        if (fstatat(dir, free_name, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT) {
            return;
        }
    }
}

int jj_paper_move(int from_dir, const char *name, int to_dir, const char *wanted,
                  char kept[JJ_NAME_SIZE], jj_error *err)
{
    for (unsigned attempt = 0; attempt < TRIES_MAX; attempt++) {
        char candidate[JJ_NAME_SIZE];
        variant(wanted, attempt, candidate);
        if (rename_new(from_dir, name, to_dir, candidate) == 0) {
            snprintf(kept, JJ_NAME_SIZE, "%s", candidate);
            if (fsync(to_dir) || fsync(from_dir)) {
                break;
            }
            return 0;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return jj_fail_errno(err, JJ_ESYSTEM, "cannot move the file");
}
