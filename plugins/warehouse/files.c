#include "files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (16 * 1024 * 1024)

int jj_text_read(const char *path, char **text, size_t *size_bytes, jj_error *err)
{
    FILE *file = fopen(path, "rbe");
    char *data = NULL;
    size_t size = 0;
    int rc = 0;

    if (!file) {
        return jj_fail(err, JJ_ECONFIG, "cannot read %s: %s", path, strerror(errno));
    }
    for (size_t got = 1; got > 0 && rc == 0;) {
        char *more = realloc(data, size + 65536 + 1);
        if (!more) {
            rc = jj_fail(err, JJ_EMEMORY, "out of memory while reading %s", path);
            break;
        }
        data = more;
        if (size > FILE_MAX) {
            rc = jj_fail(err, JJ_ECONFIG, "cannot read %s: too large", path);
            break;
        }
        got = fread(data + size, 1, 65536, file);
        size += got;
    }
    if (rc == 0 && ferror(file)) {
        rc = jj_fail(err, JJ_ECONFIG, "cannot read %s: %s", path, strerror(errno));
    }
    fclose(file);
    if (rc) {
        free(data);
        return rc;
    }
    data[size] = '\0';
    *text = data;
    *size_bytes = size;
    return 0;
}

/* The number of a migration, 0 for a definition, -1 for neither. */
static int number_of(const char *name)
{
    if (strncmp(name, "define-", 7) == 0) {
        return 0;
    }
    if (isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) &&
        isdigit((unsigned char)name[2]) && name[3] == '_') {
        return (name[0] - '0') * 100 + (name[1] - '0') * 10 + (name[2] - '0');
    }
    return -1;
}

static int by_order(const void *a, const void *b)
{
    const jj_sql_file *x = a, *y = b;
    int nx = x->number ? x->number : INT_MAX, ny = y->number ? y->number : INT_MAX;

    return nx != ny ? (nx > ny) - (nx < ny) : strcmp(x->name, y->name);
}

static int add_file(jj_sql_files *files, const char *dir, const char *name, jj_error *err)
{
    char path[PATH_MAX];
    jj_sql_file *items = realloc(files->items, (files->count + 1) * sizeof *items);

    if (!items) {
        return jj_fail(err, JJ_EMEMORY, "out of memory");
    }
    files->items = items;
    jj_sql_file *item = &items[files->count];
    *item = (jj_sql_file){.number = number_of(name)};
    if (item->number < 0) {
        return jj_fail(err, JJ_ECONFIG, "%s/%s: neither NNN_name.sql nor define-name.sql", dir,
                       name);
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = jj_text_read(path, &item->text, &item->size_bytes, err);
    if (rc) {
        return rc;
    }
    item->name = strdup(name);
    files->count++;
    return item->name ? 0 : jj_fail(err, JJ_EMEMORY, "out of memory");
}

static bool is_sql(const char *name)
{
    size_t length = strlen(name);

    return *name != '.' && length > 4 && strcmp(name + length - 4, ".sql") == 0;
}

int jj_sql_files_open(jj_sql_files *files, const char *dir, jj_error *err)
{
    DIR *folder = opendir(dir);
    int rc = 0;

    *files = (jj_sql_files){0};
    if (!folder) {
        return jj_fail(err, JJ_ECONFIG, "cannot read the folder %s: %s", dir, strerror(errno));
    }
    for (struct dirent *entry; rc == 0 && (entry = readdir(folder));) {
        rc = is_sql(entry->d_name) ? add_file(files, dir, entry->d_name, err) : 0;
    }
    closedir(folder);
    if (rc == 0 && files->count == 0) {
        rc = jj_fail(err, JJ_ECONFIG, "no SQL files in the folder %s", dir);
    }
    if (rc == 0) {
        qsort(files->items, files->count, sizeof *files->items, by_order);
    }
    for (size_t i = 0; rc == 0 && i < files->count && files->items[i].number; i++) {
        files->migrations = i + 1;
        if (files->items[i].number != (int)i + 1) {
            rc = jj_fail(err, JJ_ECONFIG, "%s/%s: number %zu was expected", dir,
                         files->items[i].name, i + 1);
        }
    }
    if (rc) {
        jj_sql_files_close(files);
    }
    return rc;
}

void jj_sql_files_close(jj_sql_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].name);
        free(files->items[i].text);
    }
    free(files->items);
    *files = (jj_sql_files){0};
}
