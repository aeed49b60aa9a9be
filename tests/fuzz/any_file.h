/*
 * What the fuzz targets of files share: any bytes as a file, read as a table to its end, or
 * imported to the end with a sink that checks every event. Each target includes it once.
 */
#ifndef ANY_FILE_H
#define ANY_FILE_H

#include "base/id.h"
#include "base/text.h"
#include "import/import.h"
#include "table/table.h"
#include "json/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SCHEMAS "tests/data/tables/schemas"

static jj_catalogue *catalogue;
static jj_reference *reference;
static int reject_folder = -1;

static void demand(int truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

/* Once, before the first file. */
static void fuzz_import_begin(void)
{
    jj_error err = {0};
    demand(jj_id_init(), "randomness");
    demand(jj_catalogue_open(&catalogue, SCHEMAS "/events", &err) == 0, "schemas");
    demand(jj_reference_open(&reference, SCHEMAS "/reference", &err) == 0, "reference lists");
    char folder[] = "/tmp/jejaring-fuzz-XXXXXX";
    demand(mkdtemp(folder) != NULL, "a folder");
    reject_folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rmdir(folder); /* reject files are made in it without a name, and keeping them fails */
}

static int file_of(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    demand(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a file");
    return fd;
}

/* Every cell must be UTF-8 without NUL, every row within the limits. */
static void fuzz_read_table(const uint8_t *data, size_t size)
{
    jj_table *table;
    enum jj_fault fault = JJ_FAULT_NONE;
    jj_error err = {0};
    jj_row row;
    int fd = file_of(data, size);
    int rc = jj_table_open(&table, fd, NULL, &fault, &err);
    if (rc == 0) {
        uint64_t last = 0;
        while ((rc = jj_table_next(table, &row, &fault, &err)) == 1) {
            demand(row.number > last && row.count <= JJ_COLUMNS_MAX, "rows in order");
            last = row.number;
            for (size_t i = 0; i < row.count; i++) {
                demand(row.cells[i].length <= JJ_CELL_MAX &&
                           strlen(row.cells[i].text) == row.cells[i].length &&
                           jj_utf8_valid(row.cells[i].text, row.cells[i].length),
                       "cells of UTF-8");
            }
        }
        jj_table_close(table);
    }
    demand(rc <= 0 && rc != JJ_ESYSTEM, "an end");
    demand(rc == 0 || fault != JJ_FAULT_NONE || rc == JJ_EMEMORY, "a fault");
    close(fd);
}

static int check_events(void *arg, const jj_bytes *events, size_t count,
                        jj_import_verdict *verdicts, jj_error *err)
{
    (void)arg, (void)verdicts, (void)err;
    for (size_t i = 0; i < count; i++) {
        json_t *value = NULL;
        demand(jj_json_load(&value, events[i].data, events[i].size_bytes, JJ_FRAME_MAX, NULL) == 0,
               "events of JSON");
        json_decref(value);
    }
    return 0;
}

/* Every event must be JSON. name decides about JSON lines. */
static void fuzz_import_file(const char *name, const uint8_t *data, size_t size)
{
    static const unsigned char key[JJ_KEY_SIZE];
    jj_import_options options = {.type = jj_catalogue_find(catalogue, "person.tested", 13),
                                 .reference = reference,
                                 .source = "fuzz",
                                 .region = "33.75",
                                 .key = key,
                                 .reject_folder = reject_folder,
                                 .publish = check_events};
    jj_import *import;
    jj_import_result result = {0};
    jj_error err = {0};
    int fd = file_of(data, size);
    int rc = jj_import_open(&import, &options, fd, name, &result, &err);
    if (rc == 0) {
        do {
            rc = jj_import_step(import, &err);
        } while (rc == 1);
        jj_import_close(import);
    }
    demand(rc <= 0, "an end");
    demand(!result.refused || result.reason.size, "a reason");
    jj_import_result_clear(&result);
    close(fd);
}

#endif
