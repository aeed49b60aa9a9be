#include "import/folder.h"

#include "base/fs.h"
#include "base/text.h"
#include "import/letter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0770
#define NIK_LIKE    10 /* digits in a row, from which a number in a file name is masked */

static int at_path(jj_error *err, const char *path, int code)
{
    if (err) {
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    return code;
}

static int open_below(const jj_folder *folder, const char *name, jj_error *err)
{
    char *path = jj_path_join(folder->path, name);
    int rc = path ? jj_mkdir_alike(path, err) : jj_fail(err, JJ_EMEMORY, "out of memory");
    free(path);
    if (rc) {
        return rc;
    }
    int fd = openat(folder->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : jj_fail_errno(err, JJ_ESYSTEM, "cannot open the folder %s", name);
}

int jj_folder_open(jj_folder *folder, const char *base, const jj_type *type, jj_error *err)
{
    *folder = (jj_folder){.type = type, .dir = -1, .done = -1, .rejected = -1, .watch = -1};
    folder->path = jj_path_join(base, type->name);
    if (!folder->path) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while opening an inbox");
    }
    int rc = jj_mkdir_all(base, FOLDER_MODE, err);
    rc = rc ? rc : jj_mkdir_alike(folder->path, err);
    if (rc) {
        return rc;
    }
    /* Who may put files here may put a link here, too, and it could lead to the daemon's own files:
     * they would be read as an office's and moved away. */
    folder->dir = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->dir < 0) {
        return at_path(err, folder->path, jj_fail_errno(err, JJ_ESYSTEM, "cannot open the folder"));
    }
    folder->done = open_below(folder, "done", err);
    if (folder->done >= 0) {
        folder->rejected = open_below(folder, "rejected", err);
    }
    return folder->done < 0 || folder->rejected < 0 ? at_path(err, folder->path, JJ_ESYSTEM) : 0;
}

void jj_folder_close(jj_folder *folder)
{
    const int open_ones[] = {folder->dir, folder->done, folder->rejected};
    for (size_t i = 0; i < 3; i++) {
        if (open_ones[i] >= 0) {
            close(open_ones[i]);
        }
    }
    free(folder->path);
    *folder = (jj_folder){.dir = -1, .done = -1, .rejected = -1, .watch = -1};
}

bool jj_folder_is_gone(const jj_folder *folder)
{
    const int all[] = {folder->dir, folder->done, folder->rejected};
    for (size_t i = 0; i < 3; i++) {
        struct stat st;
        if (all[i] < 0 || fstat(all[i], &st) || st.st_nlink == 0) {
            return true;
        }
    }
    return false;
}

bool jj_name_is_wanted(const char *name)
{
    static const char *const endings[] = {".tmp",      ".part", ".partial", ".crdownload",
                                          ".filepart", ".swp",  ".lock",    "~"};
    static const char *const others[] = {"thumbs.db", "desktop.ini", "done", "rejected"};
    size_t length = strlen(name);
    if (*name == '.' || strncmp(name, "~$", 2) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t tail = strlen(endings[i]);
        if (length >= tail && strcasecmp(name + length - tail, endings[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcasecmp(name, others[i]) == 0) {
            return false;
        }
    }
    return true;
}

int jj_folder_scan(const jj_folder *folder, void (*visit)(void *arg, const char *name), void *arg,
                   jj_error *err)
{
    int fd = openat(folder->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list) {
        int rc = jj_fail_errno(err, JJ_ESYSTEM, "cannot read the folder");
        if (fd >= 0) {
            close(fd);
        }
        return at_path(err, folder->path, rc);
    }
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (jj_name_is_wanted(entry->d_name)) {
            visit(arg, entry->d_name);
        }
    }
    closedir(list);
    return 0;
}

void jj_name_show(const char *name, char out[JJ_NAME_SIZE])
{
    size_t put = 0;
    for (size_t i = 0; name[i] && put + 1 < JJ_NAME_SIZE;) {
        size_t digits = strspn(name + i, "0123456789");
        if (digits >= NIK_LIKE) {
            out[put++] = '#';
            i += digits;
        } else if (digits) {
            size_t room = JJ_NAME_SIZE - 1 - put, size = digits < room ? digits : room;
            memcpy(out + put, name + i, size);
            put += size;
            i += size;
        } else {
            unsigned char c = (unsigned char)name[i++];
            /* U+0080 to U+009F: to some terminals they are control characters, too. */
            bool c1 = c == 0xc2 && ((unsigned char)name[i] & 0xe0) == 0x80;
            i += c1;
            out[put++] = c < 0x20 || c == 0x7f || c1 ? '?' : (char)c;
        }
    }
    out[put] = '\0';
    for (size_t i = 0; !jj_utf8_valid(out, put) && i < put; i++) {
        out[i] = (unsigned char)out[i] < 0x80 ? out[i] : '?';
    }
}

static int write_note(int dir, const char *name, const jj_buf *text, jj_error *err)
{
    jj_paper paper;
    char kept[JJ_NAME_SIZE];
    int rc = jj_paper_create(&paper, dir, err);
    if (rc) {
        return rc;
    }
    rc = jj_paper_write(&paper, text->data, text->size, err);
    if (rc) {
        jj_paper_drop(&paper);
        return rc;
    }
    return jj_paper_keep(&paper, name, kept, err);
}

/* Moves the file to dir with the note, if there is one. The note comes first: so it is never
 * missing beside the file. */
static int shelve(const jj_folder *folder, const char *name, int dir, const jj_buf *note,
                  const char *note_ending, char kept[JJ_NAME_SIZE], jj_error *err)
{
    char wanted[JJ_NAME_SIZE], note_name[JJ_NAME_SIZE];
    int rc = note->failed ? jj_fail(err, JJ_EMEMORY, "out of memory while writing a note") : 0;
    jj_paper_free_name(dir, name, wanted);
    if (rc == 0 && note->size) {
        int room = JJ_NAME_SIZE - 1 - (int)strlen(note_ending);
        snprintf(note_name, sizeof note_name, "%.*s%s", room, wanted, note_ending);
        rc = write_note(dir, note_name, note, err);
    }
    if (rc == 0) {
        rc = jj_paper_move(folder->dir, name, dir, wanted, kept, err);
    }
    return rc ? at_path(err, folder->path, rc) : 0;
}

int jj_folder_finish(const jj_folder *folder, const char *name, const jj_import_result *result,
                     char kept[JJ_NAME_SIZE], jj_error *err)
{
    jj_buf note = {0};
    char shown[JJ_NAME_SIZE];
    jj_name_show(name, shown);
    jj_letter_remarks(&note, shown, result);
    int rc = shelve(folder, name, folder->done, &note, ".catatan.txt", kept, err);
    jj_buf_clear(&note);
    return rc;
}

int jj_folder_refuse(const jj_folder *folder, const char *name, const jj_import_result *result,
                     char kept[JJ_NAME_SIZE], jj_error *err)
{
    jj_buf note = {0};
    char shown[JJ_NAME_SIZE];
    jj_name_show(name, shown);
    jj_letter_refused(&note, shown, folder->type, result);
    int rc = shelve(folder, name, folder->rejected, &note, ".alasan.txt", kept, err);
    jj_buf_clear(&note);
    return rc;
}
