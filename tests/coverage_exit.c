/*
 * For `make coverage` alone: a process that leaves by _exit, as a forked one does, has its branches
 * counted like any other. The linker leads _exit here.
 */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
