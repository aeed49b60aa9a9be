/* The files of a node that a backup holds beside its journal, and how they are copied. */
#include "ctl/backup.h"

#include "base/fs.h"
#include "base/id.h"
#include "config/agency.h"
#include "event/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX (JJ_AGENCIES_MAX + 8)
#define PIECE     65536

static int add(jj_backup_files *files, jj_backup_file file, jj_error *err)
{
    struct stat st;
    bool there = file.path && stat(file.path, &st) == 0;

    if (file.name && file.path && there && files->count < FILES_MAX) {
        files->list[files->count++] = file;
        return 0;
    }
    int rc = !file.name || !file.path ? jj_fail(err, JJ_EMEMORY, "out of memory")
             : there                  ? jj_fail(err, JJ_ETOO_LARGE, "more than %d files", FILES_MAX)
             : errno == ENOENT        ? 0 /* the node has none */
                                      : jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", file.path);
    free(file.name);
    free(file.path);
    return rc;
}

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

static int add_agencies(const jj_config *config, jj_backup_files *files, jj_error *err)
{
    struct dirent *entry;
    int rc = 0;
    DIR *dir = opendir(config->agencies);

    if (!dir) {
        return errno == ENOENT ? 0
                               : jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", config->agencies);
    }
    while (rc == 0 && (entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length < 6 ||
            strcmp(entry->d_name + length - 5, ".yaml") != 0) {
            continue;
        }
        rc = add(files,
                 (jj_backup_file){.name = jj_path_join("config/agencies.d", entry->d_name),
                                  .path = jj_path_join(config->agencies, entry->d_name),
                                  .putback = true},
                 err);
    }
    closedir(dir);
    return rc;
}

int jj_backup_list(const jj_config *config, jj_backup_files *files, jj_error *err)
{
    files->list = calloc(FILES_MAX, sizeof *files->list);
    if (!files->list) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    jj_backup_file own[] = {
        {strdup("keys/node.key"), jj_path_join(config->state, "node.key"), true, true},
        {strdup("keys/person.key"),
         config->person_key ? strdup(config->person_key) : jj_person_key_default(config->state),
         true, true},
        {strdup("config/jejaringd.yaml"), strdup(config->file), false, false},
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        /* add takes what it is given, after a failure, too. */
        int added = add(files, own[i], err);
        rc = rc ? rc : added;
    }
    if (rc == 0 && config->server_key) {
        rc = add(
            files,
            (jj_backup_file){strdup("keys/server.key"), copy_of(config->server_key), true, true},
            err);
    }
    return rc ? rc : add_agencies(config, files, err);
}

void jj_backup_list_clear(jj_backup_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->list[i].name);
        free(files->list[i].path);
    }
    free(files->list);
    *files = (jj_backup_files){0};
}

static int copy_bytes(int from, int to, jj_error *err)
{
    char piece[PIECE];
    ssize_t got;

    while ((got = read(from, piece, sizeof piece)) > 0) {
        for (ssize_t put = 0, n; put < got; put += n) {
            n = write(to, piece + put, (size_t)(got - put));
            if (n < 0) {
                return jj_fail_errno(err, JJ_ESYSTEM, "cannot write");
            }
        }
    }
    explicit_bzero(piece, sizeof piece); /* it may have been a key */
    return got < 0     ? jj_fail_errno(err, JJ_ESYSTEM, "cannot read")
           : fsync(to) ? jj_fail_errno(err, JJ_ESYSTEM, "cannot write")
                       : 0;
}

int jj_backup_copy(const char *from, const char *to, jj_error *err)
{
    int source = open(from, O_RDONLY | O_CLOEXEC), target = -1, rc = 0;

    if (source < 0) {
        return jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", from);
    }
    target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (target < 0) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot make %s", to);
    } else {
        rc = copy_bytes(source, target, err);
        if (rc && err) {
            snprintf(err->file, sizeof err->file, "%s", to);
        }
        close(target);
        if (rc) {
            unlink(to);
        }
    }
    close(source);
    return rc;
}

int jj_backup_digest(const char *path, char hex[65], jj_error *err)
{
    unsigned char digest[32];
    struct stat st;
    const void *data = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

    if (fd < 0 || fstat(fd, &st)) {
        rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", path);
    } else if (st.st_size > 0) {
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        rc = data == MAP_FAILED ? jj_fail_errno(err, JJ_ESYSTEM, "cannot read %s", path) : 0;
    }
    if (rc == 0) {
        jj_hash_text(NULL, data, (size_t)st.st_size, digest, sizeof digest);
        jj_hex(digest, sizeof digest, hex);
        if (st.st_size > 0) {
            munmap((void *)(uintptr_t)data, (size_t)st.st_size);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}
