#include "base/process.h"

#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

void jj_process_forbid_core(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* lowering a limit of one's own cannot fail */
}

int jj_process_signals(const int *signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (; *signals; signals++) {
        sigaddset(&set, *signals);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Segments that the program may write hold more than their file does, and are left alone. So is
 * what the kernel maps (its name is no path). */
static int release_text(struct dl_phdr_info *object, size_t size, void *arg)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)arg;
    if (object->dlpi_name[0] && !strchr(object->dlpi_name, '/')) {
        return 0;
    }
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) {
            continue;
        }
        uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) / page * page;
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) / page * page;
        if (end > begin) { /* the last page may be shared with the next segment */
            madvise((void *)begin, end - begin, MADV_DONTNEED);
        }
    }
    return 0;
}

void jj_process_settle(void)
{
    malloc_trim(0);
    dl_iterate_phdr(release_text, NULL);
}
