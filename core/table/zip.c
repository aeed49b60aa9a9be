#include "table/zip.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    jj_zip functions;
    bool loaded;
} library;

const jj_zip *jj_zip_load(void)
{
    jj_zip *zip = &library.functions;
    const struct {
        const char *name;
        void *slot;
    } wanted[] = {
        {"zip_fdopen", &zip->fdopen},
        {"zip_discard", &zip->discard},
        {"zip_name_locate", &zip->name_locate},
        {"zip_stat_index", &zip->stat_index},
        {"zip_fopen_index", &zip->fopen_index},
        {"zip_fread", &zip->fread},
        {"zip_fclose", &zip->fclose},
        {"zip_open_from_source", &zip->open_from_source},
        {"zip_close", &zip->close},
        {"zip_file_add", &zip->file_add},
        {"zip_file_set_mtime", &zip->file_set_mtime},
        {"zip_source_buffer", &zip->source_buffer},
        {"zip_source_buffer_create", &zip->source_buffer_create},
        {"zip_source_keep", &zip->source_keep},
        {"zip_source_free", &zip->source_free},
        {"zip_source_open", &zip->source_open},
        {"zip_source_read", &zip->source_read},
        {"zip_source_close", &zip->source_close},
    };
    if (library.loaded) {
        return zip;
    }
    void *handle = dlopen("libzip.so.4", RTLD_NOW | RTLD_LOCAL);
    handle = handle ? handle : dlopen("libzip.so.5", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *found = handle ? dlsym(handle, wanted[i].name) : NULL;
        if (!found) {
            return NULL;
        }
        *(void **)wanted[i].slot = found;
    }
    library.loaded = true;
    return zip;
}
