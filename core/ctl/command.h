/*
 * The table of commands, and what is made of it: parsing, help, usage, "did you mean"; in manual.c
 * also the manual page and the completion of bash.
 */
#ifndef JJ_CTL_COMMAND_H
#define JJ_CTL_COMMAND_H

#include "ctl/ctl.h"

/* An option. `-x` has no meaning but for -c, -h, -o (--output): long names only. */
typedef struct jj_flag {
    const char *name;  /* without the dashes; NULL ends the table */
    const char *value; /* what its value is, e.g. "CURSOR"; NULL: it has none */
    const char *doc;   /* one line */
} jj_flag;

typedef struct jj_command {
    const char *name; /* "status", or two words, "keys new" */
    const char *args; /* "TYPE FILE"; "" for none */
    size_t args_min, args_max;
    const jj_flag *flags;
    const char *summary;     /* one line, for the list */
    const char *details;     /* a paragraph for its own help; may be NULL */
    int (*run)(jj_ctl *ctl); /* returns an exit code */
} jj_command;

/* All commands, in the order of the help. Ended by a NULL name. */
extern const jj_command jj_commands[];

/* Options of every command. */
extern const jj_flag jj_common_flags[];

/* What the exit codes mean. Ended by a NULL doc. */
typedef struct jj_exit_doc {
    int code;
    const char *doc;
} jj_exit_doc;
extern const jj_exit_doc jj_exit_docs[];

/* Reads the command line. Returns -1 if there is a command to run; else everything has been done
 * (help) or said (a mistake), and the exit code is returned. */
int jj_command_parse(jj_ctl *ctl, int argc, char **argv);

/* Help for one command, or for all of them (NULL), to stdout. */
void jj_command_help(const jj_command *command);

#endif
