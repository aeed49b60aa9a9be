#include "faulty_disk.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    sqlite3_vfs vfs, *real;
    unsigned calls, good, made, failed;
    bool once;
    const char *folder;
    void (*synced)(void);
} disk;

struct file {
    sqlite3_file base;
    const char *name;   /* of the folder's entry; lives as long as the file */
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

static bool fails(enum disk_call call)
{
    if (!(disk.calls & call)) {
        return false;
    }
    unsigned number = disk.made++;
    bool failing = disk.once ? number == disk.good : number >= disk.good;
    disk.failed += failing;
    return failing;
}

/* ---- Files -------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at)
{
    if (fails(DISK_READ)) {
        return SQLITE_IOERR_READ;
    }
    return real_of(file)->pMethods->xRead(real_of(file), out, size, at);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    if (fails(DISK_WRITE)) {
        real_of(file)->pMethods->xWrite(real_of(file), data, size / 2, at);
        return SQLITE_FULL;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), data, size, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static void durable_path(const char *name, char path[256])
{
    snprintf(path, 256, "%s%s", disk.folder, strrchr(name, '/'));
}

/* What this file holds now is what it holds after a loss of power. */
static void remember(sqlite3_file *file)
{
    char path[256];
    sqlite3_int64 size = 0;
    durable_path(((struct file *)file)->name, path);
    assert_int_equal(real_of(file)->pMethods->xFileSize(real_of(file), &size), SQLITE_OK);
    char *bytes = malloc((size_t)size + 1);
    FILE *copy = fopen(path, "w");
    assert_non_null(copy);
    if (size) {
        assert_int_equal(real_of(file)->pMethods->xRead(real_of(file), bytes, (int)size, 0),
                         SQLITE_OK);
        assert_int_equal(fwrite(bytes, (size_t)size, 1, copy), 1);
    }
    fclose(copy);
    free(bytes);
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (fails(DISK_SYNC)) {
        return SQLITE_IOERR_FSYNC;
    }
    (void)flags; /* nothing waits for the real disk: a test makes thousands of syncs */
    if (disk.folder) {
        remember(file);
        disk.synced();
    }
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int how)
{
    return real_of(file)->pMethods->xLock(real_of(file), how);
}

static int file_unlock(sqlite3_file *file, int how)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), how);
}

static int file_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int what, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int file_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int at, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), at, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

/* Version 2: shared memory for the write-ahead log, but no memory map, which would go past us. */
static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_traits,
                                           .xShmMap = shm_map,
                                           .xShmLock = shm_lock,
                                           .xShmBarrier = shm_barrier,
                                           .xShmUnmap = shm_unmap};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct file *own = (struct file *)file;
    (void)vfs;
    own->real = (sqlite3_file *)(own + 1);
    own->name = name;
    int rc = disk.real->xOpen(disk.real, name, own->real, flags, out);
    own->base.pMethods = own->real->pMethods ? &methods : NULL;
    return rc;
}

/* Durable at once: the log that is made next is synced with its folder. */
static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    char path[256];
    (void)vfs;
    if (disk.folder) {
        durable_path(name, path);
        remove(path);
    }
    return disk.real->xDelete(disk.real, name, sync_folder);
}

void disk_install(void)
{
    if (!disk.real) {
        disk.real = sqlite3_vfs_find(NULL);
        disk.vfs = *disk.real;
        disk.vfs.zName = "faulty";
        disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
        disk.vfs.xOpen = disk_open;
        disk.vfs.xDelete = disk_delete;
        assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
    }
    disk_heal();
}

void disk_break(unsigned calls, unsigned good, bool once)
{
    disk.calls = calls;
    disk.good = good;
    disk.once = once;
    disk.made = disk.failed = 0;
}

void disk_heal(void)
{
    disk.calls = 0;
}

unsigned disk_calls(void)
{
    return disk.made;
}

unsigned disk_failures(void)
{
    return disk.failed;
}

void disk_watch(const char *folder, void (*synced)(void))
{
    disk.folder = folder;
    disk.synced = synced;
}
