/*
 * libzip, loaded when the first workbook is read or written. It brings OpenSSL with it, a megabyte
 * and a half in every process that is linked with it; most processes never see a workbook.
 */
#ifndef JJ_TABLE_ZIP_H
#define JJ_TABLE_ZIP_H

#include <zip.h>

/* The functions that this room calls, under their names without zip_. */
typedef struct jj_zip {
    __typeof__(zip_fdopen) *fdopen;
    __typeof__(zip_discard) *discard;
    __typeof__(zip_name_locate) *name_locate;
    __typeof__(zip_stat_index) *stat_index;
    __typeof__(zip_fopen_index) *fopen_index;
    __typeof__(zip_fread) *fread;
    __typeof__(zip_fclose) *fclose;
    __typeof__(zip_open_from_source) *open_from_source;
    __typeof__(zip_close) *close;
    __typeof__(zip_file_add) *file_add;
    __typeof__(zip_file_set_mtime) *file_set_mtime;
    __typeof__(zip_source_buffer) *source_buffer;
    __typeof__(zip_source_buffer_create) *source_buffer_create;
    __typeof__(zip_source_keep) *source_keep;
    __typeof__(zip_source_free) *source_free;
    __typeof__(zip_source_open) *source_open;
    __typeof__(zip_source_read) *source_read;
    __typeof__(zip_source_close) *source_close;
} jj_zip;

/* The loaded library, for the life of the process; NULL if it is not installed, or too old. */
const jj_zip *jj_zip_load(void);

#endif
