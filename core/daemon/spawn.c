#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_FREE 16 /* our own descriptors stay above those that a child gets */

void jj_spawn_fill_standard(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

/* Moves a descriptor out of the way of those that a child is given. */
static int move_up(int fd)
{
    int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
    if (fd >= 0) {
        close(fd);
    }
    return moved;
}

int jj_spawn_blank(const char *name, jj_error *err)
{
    int fd = move_up(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0) {
        jj_fail_errno(err, JJ_ESYSTEM, "memfd_create");
    }
    return fd;
}

int jj_spawn_sealed(const char *name, const void *data, size_t size_bytes, jj_error *err)
{
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    const char *at = data;
    int fd = jj_spawn_blank(name, err);

    while (fd >= 0 && size_bytes > 0) {
        ssize_t written = write(fd, at, size_bytes);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            jj_fail_errno(err, JJ_ESYSTEM, "write to a memfd");
            close(fd);
            return -1;
        }
        at += written;
        size_bytes -= (size_t)written;
    }
    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, seals)) {
        jj_fail_errno(err, JJ_ESYSTEM, "sealing a memfd");
        close(fd);
        return -1;
    }
    return fd;
}

const char *jj_spawn_map(int fd, size_t *size_bytes, jj_error *err)
{
    struct stat st;

    if (fstat(fd, &st)) {
        jj_fail_errno(err, JJ_ESYSTEM, "descriptor %d", fd);
        return NULL;
    }
    *size_bytes = (size_t)st.st_size;
    if (st.st_size == 0) {
        return "";
    }
    void *data = mmap(NULL, *size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        jj_fail_errno(err, JJ_ESYSTEM, "mmap of descriptor %d", fd);
        return NULL;
    }
    return data;
}

void jj_spawn_unmap(const char *data, size_t size_bytes)
{
    if (size_bytes > 0) {
        munmap((void *)(uintptr_t)data, size_bytes);
    }
}

/* Everything here runs in the child between fork and exec. */
static void become(const jj_spawn *what, int status_fd, pid_t parent)
{
    char *argv[] = {"jejaringd",
                    "--role",
                    (char *)(uintptr_t)what->role,
                    "-c",
                    (char *)(uintptr_t)what->file,
                    NULL,
                    NULL,
                    NULL};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (what->instance) {
        argv[5] = "--plugin";
        argv[6] = (char *)(uintptr_t)what->instance;
    }
    if (dup2(what->config_fd, JJ_FD_CONFIG) < 0 || dup2(what->grants_fd, JJ_FD_GRANTS) < 0 ||
        dup2(status_fd, JJ_FD_STATUS) < 0) {
        _exit(EXIT_FAILURE);
    }
    close_range(JJ_FD_STATUS + 1, UINT_MAX, 0);
    execv("/proc/self/exe", argv);
    _exit(EXIT_FAILURE);
}

int jj_spawn_start(const jj_spawn *what, pid_t *pid, int *status_fd, jj_error *err)
{
    int pair[2] = {-1, -1};
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        return jj_fail_errno(err, JJ_ESYSTEM, "socketpair");
    }
    pair[0] = move_up(pair[0]);
    pair[1] = move_up(pair[1]);
    fflush(NULL);
    pid_t child = pair[0] < 0 || pair[1] < 0 ? -1 : fork();
    if (child == 0) {
        become(what, pair[1], parent);
    }
    if (pair[1] >= 0) {
        close(pair[1]);
    }
    if (child < 0) {
        jj_fail_errno(err, JJ_ESYSTEM, "fork");
        if (pair[0] >= 0) {
            close(pair[0]);
        }
        return JJ_ESYSTEM;
    }
    *pid = child;
    *status_fd = pair[0];
    return 0;
}
