/* jejaringctl: parses the command line by the table of commands and runs one. */
#include "ctl/command.h"

#include "base/id.h"
#include "base/process.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    jj_ctl ctl = {0};
    jj_process_forbid_core(); /* an import holds whole files of people */
    json_set_alloc_funcs(jj_ctl_memory, free);
    if (!jj_id_init()) {
        fputs("jejaringctl: error: the system gives no random numbers\n", stderr);
        return JJ_EXIT_FAILED;
    }
    int code = jj_command_parse(&ctl, argc, argv);
    if (code < 0) {
        code = jj_ctl_finish(ctl.command->run(&ctl));
    }
    jj_ctl_clear(&ctl);
    return code;
}
