/*
 * Files: whole reads, atomic writes, folders. Every failure names the path and the reason.
 */
#ifndef JJ_BASE_FS_H
#define JJ_BASE_FS_H

#include "jejaring/error.h"

#include "base/buf.h"

#include <sys/types.h>

/* Appends the whole file to *out. max_bytes bounds it (JJ_ETOO_LARGE). */
int jj_file_read(const char *path, size_t max_bytes, jj_buf *out, jj_error *err);
int jj_fd_read(int fd, size_t max_bytes, jj_buf *out, jj_error *err);

/* Replaces path atomically and durably: temporary file beside it, fsync, rename, fsync of the
 * folder. */
int jj_file_write(const char *path, const void *data, size_t size_bytes, mode_t mode,
                  jj_error *err);

/* The same for a file that must not be there yet: of several processes that try at once one wins,
 * and the others get JJ_ECONFIG. A reader never sees a part of it. */
int jj_file_create(const char *path, const void *data, size_t size_bytes, mode_t mode,
                   jj_error *err);

/* Makes path and its missing parents with mode. It is no error if it is there already. */
int jj_mkdir_all(const char *path, mode_t mode, jj_error *err);

/* Makes one folder that lets in whoever the folder that it is in lets in: the same permissions
 * whatever the umask, and by the kernel's rule the same group if that one has its setgid bit. It
 * is no error if it is there already; it then stays as it is. A link is no folder here. */
int jj_mkdir_alike(const char *path, jj_error *err);

/* Makes the entries of a folder durable. */
int jj_dir_sync(const char *path, jj_error *err);

/* Where a secret is: the file of the same name in $CREDENTIALS_DIRECTORY, if the service manager
 * has put one there (systemd: LoadCredential), else path itself. Owned; NULL without memory. */
char *jj_secret_path(const char *path);

/* Refuses a secret that others than its owner may read or write, or that another user owns
 * (root's are fine). In $CREDENTIALS_DIRECTORY systemd 252 gives it mode 0400 and to the service's
 * user, or, where the file system has access lists, to root, with the user on the list; that shows
 * as 0440 and group root, and is accepted there. */
int jj_file_check_private(const char *path, jj_error *err);

/* Owned: base joined with path, or a copy of path where it is absolute. NULL without memory. */
char *jj_path_join(const char *base, const char *path);

/* Owned: the folder part of path ("." if none). */
char *jj_path_dir(const char *path);

#endif
