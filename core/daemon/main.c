/* jejaringd: the daemon. What it does is chosen here and done elsewhere. */
#include "base/process.h"
#include "daemon/check.h"
#include "daemon/describe.h"
#include "daemon/role.h"
#include "daemon/spawn.h"
#include "daemon/supervisor.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static const char usage[] =
    "jejaringd: the data-integration daemon of a Jejaring node\n"
    "\n"
    "  jejaringd -c FILE               run in the foreground until SIGTERM; SIGHUP reads FILE "
    "again\n"
    "  jejaringd --check -c FILE       say everything that is wrong with FILE and its plugins\n"
    "  jejaringd --describe PLUGIN.so  show what a plugin does and its options\n"
    "  jejaringd --version | --help\n"
    "\n"
    "FILE is " JJ_CONFIG_DEFAULT " unless -c names another one.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},   {"check", no_argument, NULL, 'k'},
    {"describe", required_argument, NULL, 'd'}, {"role", required_argument, NULL, 'r'},
    {"plugin", required_argument, NULL, 'p'},   {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},           {0},
};

int main(int argc, char **argv)
{
    const char *file = JJ_CONFIG_DEFAULT, *role = NULL, *instance = NULL, *describe = NULL;
    int option, action = 0;

    jj_spawn_fill_standard();
    jj_process_forbid_core();
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            file = optarg;
            break;
        case 'd':
            describe = optarg;
            break;
        case 'r':
            role = optarg;
            break;
        case 'p':
            instance = optarg;
            break;
        case '?':
            return EXIT_USAGE;
        default:
            action = option;
        }
    }
    if (action == 'h' || action == 'v') {
        fputs(action == 'h' ? usage : "jejaringd " JJ_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    if (optind < argc) {
        fprintf(stderr, "jejaringd: unexpected argument \"%s\"; see jejaringd --help\n",
                argv[optind]);
        return EXIT_USAGE;
    }
    return describe        ? jj_describe_plugin(describe)
           : action == 'k' ? jj_check_file(file, NULL, JJ_CHECK_WORDS)
           : role          ? jj_role_run(role, file, instance)
                           : jj_supervisor_run(file);
}
