#include "table/package.h"

#include "table/table.h"
#include "table/zip.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS_MAX  4096                /* a workbook has dozens */
#define TAIL_SIZE  70000               /* of the archive, within which its end record lies */
#define RATIO_FROM ((uint64_t)8 << 20) /* small parts may be as repetitive as they like */

struct jj_package {
    const jj_zip *library;
    zip_t *zip;
    uint64_t unpacked; /* from all parts so far */
};

struct jj_part {
    jj_package *package;
    zip_file_t *file;
    uint64_t packed, stated, unpacked;
};

static int damaged(jj_refusal *why, const char *what)
{
    return jj_refuse(why, JJ_FAULT_WORKBOOK, JJ_EMALFORMED, "the workbook is damaged: %s", what);
}

/* The library makes an entry in memory for each part before anything can be asked: a number of
 * parts that no workbook has is refused first. There may be several end records, of which the
 * library chooses; none of them may claim too many. */
static int check_directory(int fd, off_t size, jj_refusal *why)
{
    size_t wanted = size < TAIL_SIZE ? (size_t)size : TAIL_SIZE;
    unsigned char *tail = malloc(wanted + 1);
    if (!tail) {
        return jj_refuse_memory(why);
    }
    ssize_t got = pread(fd, tail, wanted, size - (off_t)wanted);
    bool many = false;
    for (size_t i = 0; got > 0 && i + 22 <= (size_t)got; i++) {
        unsigned parts = tail[i + 10] | (unsigned)tail[i + 11] << 8;
        many = many || (memcmp(tail + i, "PK\5\6", 4) == 0 && parts > PARTS_MAX);
    }
    free(tail);
    if (got < 0) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    return many ? damaged(why, "it claims to have thousands of parts") : 0;
}

int jj_package_open(jj_package **package, int fd, jj_refusal *why)
{
    struct stat st;
    if (fstat(fd, &st)) {
        return jj_refuse_errno(why, "cannot read the file");
    }
    if (st.st_size > JJ_WORKBOOK_MAX) {
        return jj_refuse(why, JJ_FAULT_SIZE, JJ_ETOO_LARGE,
                         "the workbook is larger than %lld MiB; save it as CSV",
                         (long long)(JJ_WORKBOOK_MAX >> 20));
    }
    const jj_zip *library = jj_zip_load();
    if (!library) {
        return jj_refuse(why, JJ_FAULT_NONE, JJ_ESYSTEM,
                         "workbooks need the library libzip, which is not installed here");
    }
    int rc = check_directory(fd, st.st_size, why);
    if (rc) {
        return rc;
    }
    jj_package *made = calloc(1, sizeof *made);
    int copy = made ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (!made || copy < 0) {
        rc = made ? jj_refuse_errno(why, "cannot read the file") : jj_refuse_memory(why);
        free(made);
        return rc;
    }
    int problem = 0;
    made->library = library;
    made->zip = library->fdopen(copy, 0, &problem);
    if (!made->zip) {
        close(copy);
        free(made);
        return problem == ZIP_ER_MEMORY ? jj_refuse_memory(why)
                                        : damaged(why, "not a readable ZIP archive");
    }
    *package = made;
    return 0;
}

void jj_package_close(jj_package *package)
{
    if (package) {
        package->library->discard(package->zip);
        free(package);
    }
}

static int check_part(const zip_stat_t *st, jj_refusal *why)
{
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((st->valid & needed) != needed) {
        return damaged(why, "a part without sizes");
    }
    if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) && st->encryption_method != ZIP_EM_NONE) {
        return jj_refuse(why, JJ_FAULT_OLD_EXCEL, JJ_EMALFORMED, "the workbook has a password");
    }
    if (st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE) {
        return damaged(why, "an unusual packing method");
    }
    if (st->size > (zip_uint64_t)JJ_UNPACKED_MAX) {
        return jj_refuse(why, JJ_FAULT_SIZE, JJ_ETOO_LARGE,
                         "a part of the workbook unpacks to more than %lld MiB",
                         (long long)(JJ_UNPACKED_MAX >> 20));
    }
    return 0;
}

int jj_part_open(jj_part **part, jj_package *package, const char *name, jj_refusal *why)
{
    zip_int64_t index = package->library->name_locate(package->zip, name, ZIP_FL_NOCASE);
    if (index < 0) {
        return jj_refuse(why, JJ_FAULT_WORKBOOK, JJ_ENOTFOUND,
                         "the workbook is damaged: a part is missing");
    }
    zip_stat_t st;
    if (package->library->stat_index(package->zip, (zip_uint64_t)index, 0, &st)) {
        return damaged(why, "a part cannot be described");
    }
    int rc = check_part(&st, why);
    if (rc) {
        return rc;
    }
    jj_part *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_refuse_memory(why);
    }
    made->package = package;
    made->packed = st.comp_size;
    made->stated = st.size;
    made->file = package->library->fopen_index(package->zip, (zip_uint64_t)index, 0);
    if (!made->file) {
        free(made);
        return damaged(why, "a part cannot be opened");
    }
    *part = made;
    return 0;
}

void jj_part_close(jj_part *part)
{
    if (part) {
        part->package->library->fclose(part->file);
        free(part);
    }
}

int jj_part_read(jj_part *part, void *out, size_t size_bytes, size_t *got, jj_refusal *why)
{
    zip_int64_t count = part->package->library->fread(part->file, out, size_bytes);
    if (count < 0) {
        return damaged(why, "a part cannot be unpacked");
    }
    part->unpacked += (uint64_t)count;
    part->package->unpacked += (uint64_t)count;
    if (part->package->unpacked > (uint64_t)JJ_UNPACKED_MAX ||
        (part->unpacked > RATIO_FROM && part->unpacked / JJ_RATIO_MAX > part->packed)) {
        return jj_refuse(why, JJ_FAULT_SIZE, JJ_ETOO_LARGE,
                         "the workbook unpacks to far more than a table would");
    }
    *got = (size_t)count;
    return 0;
}

uint64_t jj_part_position(const jj_part *part, uint64_t *total)
{
    *total = part->stated;
    return part->unpacked < part->stated ? part->unpacked : part->stated;
}
