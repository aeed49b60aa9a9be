#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char scratch[64];

int scratch_make(void **state)
{
    (void)state;
    strcpy(scratch, "/tmp/jejaring-unit-XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

int scratch_remove(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    return system(command);
}

const char *in_scratch(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    return path;
}
