#include "ctl/command.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 128

const jj_flag jj_common_flags[] = {
    {"config", "FILE", "the daemon's configuration; also -c FILE, or $JEJARING_CONFIG"},
    {"endpoint", "ENDPOINT", "another door of a hub: ipc:///path or tcp://127.0.0.1:5710"},
    {"timeout", "DURATION", "how long to wait for an answer (10s)"},
    {"json", NULL, "JSON on stdout"},
    {"help", NULL, "this help"},
    {0},
};

const jj_exit_doc jj_exit_docs[] = {
    {JJ_EXIT_OK, "done"},
    {JJ_EXIT_FAILED, "failed"},
    {JJ_EXIT_USAGE, "wrong usage"},
    {JJ_EXIT_REJECTED, "some were rejected"},
    {JJ_EXIT_UNREACHABLE, "the daemon does not answer"},
    {JJ_EXIT_CONFIG, "wrong configuration"},
    {0},
};

/* ---- Help --------------------------------------------------------------------------------- */

static void print_flags(const jj_flag *flags)
{
    for (; flags && flags->name; flags++) {
        char head[64];
        snprintf(head, sizeof head, "--%s %s", flags->name, flags->value ? flags->value : "");
        printf("  %-24s %s\n", head, flags->doc);
    }
}

static void print_list(void)
{
    puts("jejaringctl: administers a Jejaring node\n\n"
         "  jejaringctl [-c FILE] COMMAND ... [--json]\n");
    for (const jj_command *command = jj_commands; command->name; command++) {
        char head[64];
        snprintf(head, sizeof head, "%s %s", command->name, command->args);
        printf("  %-32s %s\n", head, command->summary);
    }
    puts("\nOptions of every command:");
    print_flags(jj_common_flags);
    puts("\n`jejaringctl help COMMAND` has more. Data goes to stdout, words to stderr.\nExit "
         "codes:");
    for (const jj_exit_doc *exit = jj_exit_docs; exit->doc; exit++) {
        printf("  %2d  %s\n", exit->code, exit->doc);
    }
}

void jj_command_help(const jj_command *command)
{
    if (!command) {
        print_list();
        return;
    }
    printf("jejaringctl %s%s%s: %s\n", command->name, *command->args ? " " : "", command->args,
           command->summary);
    if (command->details) {
        printf("\n%s\n", command->details);
    }
    if (command->flags && command->flags->name) {
        puts("");
        print_flags(command->flags);
    }
    puts("\nAs for every command:");
    print_flags(jj_common_flags);
}

/* ---- Mistakes ----------------------------------------------------------------------------- */

int jj_ctl_misused(const jj_ctl *ctl, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "jejaringctl: %serror:%s ", jj_ctl_red(stderr), jj_ctl_plain(stderr));
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n  see: jejaringctl help%s%s\n", ctl->command ? " " : "",
            ctl->command ? ctl->command->name : "");
    return JJ_EXIT_USAGE;
}

/* "keys" alone: what may follow. False if no command begins with that word. */
static bool second_words(const char *word, char *out, size_t room)
{
    size_t length = strlen(word), size = 0;
    out[0] = '\0';
    for (const jj_command *c = jj_commands; c->name; c++) {
        if (strncmp(c->name, word, length) == 0 && c->name[length] == ' ' && size < room) {
            size += (size_t)snprintf(out + size, room - size, "%s%s", size ? ", " : "",
                                     c->name + length + 1);
        }
    }
    return size > 0;
}

static int unknown_command(const jj_ctl *ctl, const char *word, const char *second)
{
    const char *names[COMMANDS_MAX + 1] = {0};
    char both[128], seconds[128];
    size_t count = 0;
    for (const jj_command *c = jj_commands; c->name && count < COMMANDS_MAX; c++) {
        names[count++] = c->name;
    }
    snprintf(both, sizeof both, "%s%s%s", word, second ? " " : "", second ? second : "");
    bool group = second_words(word, seconds, sizeof seconds);
    if (group && !second) {
        return jj_ctl_misused(ctl, "\"%s\" needs one of: %s", word, seconds);
    }
    const char *nearest = jj_closest(both, names);
    nearest = nearest || group ? nearest : jj_closest(word, names);
    if (nearest) {
        return jj_ctl_misused(ctl, "there is no command \"%s\"; did you mean \"%s\"?",
                              group ? both : word, nearest);
    }
    return group ? jj_ctl_misused(ctl, "\"%s\" needs one of: %s", word, seconds)
                 : jj_ctl_misused(ctl, "there is no command \"%s\"", word);
}

static int unknown_option(const jj_ctl *ctl, const char *word)
{
    const char *names[JJ_CTL_OPTIONS_MAX + 1] = {0};
    size_t count = 0;
    const jj_flag *tables[] = {ctl->command ? ctl->command->flags : NULL, jj_common_flags};
    for (size_t i = 0; i < 2; i++) {
        for (const jj_flag *f = tables[i]; f && f->name && count < JJ_CTL_OPTIONS_MAX; f++) {
            names[count++] = f->name;
        }
    }
    const char *nearest = jj_closest(word, names);
    return nearest ? jj_ctl_misused(ctl, "there is no option --%s here; did you mean --%s?", word,
                                    nearest)
                   : jj_ctl_misused(ctl, "there is no option --%s here", word);
}

/* ---- Parsing ------------------------------------------------------------------------------ */

static const jj_flag *find_flag(const jj_flag *flags, const char *name, size_t length)
{
    for (; flags && flags->name; flags++) {
        if (strlen(flags->name) == length && strncmp(flags->name, name, length) == 0) {
            return flags;
        }
    }
    return NULL;
}

/* The command that the first one or two of the words name; *used tells how many. */
static const jj_command *find_command(char **words, int count, int *used)
{
    for (const jj_command *c = jj_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        size_t length = space ? (size_t)(space - c->name) : strlen(c->name);
        if (strlen(words[0]) != length || strncmp(words[0], c->name, length) != 0) {
            continue;
        }
        if (!space || (count > 1 && strcmp(words[1], space + 1) == 0)) {
            *used = space ? 2 : 1;
            return c;
        }
    }
    return NULL;
}

/* Words that are no options, which alone name the command: options may stand before and behind. */
static int plain_words(int argc, char **argv, char **words)
{
    int count = 0;
    for (int i = 1; i < argc && count < 2 && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-' || !argv[i][1]) {
            words[count++] = argv[i];
            continue;
        }
        const jj_flag *flag =
            argv[i][1] == '-' ? find_flag(jj_common_flags, argv[i] + 2, strlen(argv[i] + 2)) : NULL;
        /* The value of an option that stands before the command is not the command. */
        if (count == 0 && ((flag && flag->value) || strcmp(argv[i], "-c") == 0)) {
            i++;
        }
    }
    return count;
}

static int take_option(jj_ctl *ctl, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    const char *name = strcmp(word, "-c") == 0   ? "config"
                       : strcmp(word, "-h") == 0 ? "help"
                       : strcmp(word, "-o") == 0 ? "output"
                                                 : word + 2;
    if (word[1] != '-' && name == word + 2) {
        return jj_ctl_misused(ctl, "there is no option %s", word);
    }
    size_t length = strcspn(name, "=");
    const jj_flag *flag = find_flag(jj_common_flags, name, length);
    flag = flag ? flag : find_flag(ctl->command ? ctl->command->flags : NULL, name, length);
    if (!flag) {
        char copy[64];
        snprintf(copy, sizeof copy, "%.*s", (int)length, name);
        return unknown_option(ctl, copy);
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (value && !flag->value) {
        return jj_ctl_misused(ctl, "--%s takes no value", flag->name);
    }
    if (flag->value && !value && (*at + 1 >= argc || !(value = argv[++*at]))) {
        return jj_ctl_misused(ctl, "--%s needs a value: %s", flag->name, flag->value);
    }
    if (ctl->given_count == JJ_CTL_OPTIONS_MAX) {
        return jj_ctl_misused(ctl, "more than %d options", JJ_CTL_OPTIONS_MAX);
    }
    ctl->given[ctl->given_count++] = (jj_given){flag, value ? value : ""};
    return -1;
}

/* Everything behind the words that named the command. */
static int take_words(jj_ctl *ctl, int argc, char **argv, int skip)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            int code = take_option(ctl, argc, argv, &i);
            if (code >= 0) {
                return code;
            }
        } else if (skip > 0) {
            skip--;
        } else if (ctl->arg_count == JJ_CTL_ARGS_MAX) {
            return jj_ctl_misused(ctl, "more than %d words", JJ_CTL_ARGS_MAX);
        } else {
            ctl->args[ctl->arg_count++] = argv[i];
        }
    }
    return -1;
}

static int check_words(jj_ctl *ctl)
{
    const jj_command *command = ctl->command;
    const char *timeout = jj_ctl_option(ctl, "timeout");
    int64_t timeout_ms = 10000;
    if (ctl->arg_count < command->args_min) {
        return jj_ctl_misused(ctl, "%s needs %s", command->name, command->args);
    }
    if (ctl->arg_count > command->args_max) {
        return jj_ctl_misused(ctl, "\"%s\" is one word too many", ctl->args[command->args_max]);
    }
    if (timeout &&
        (!jj_parse_duration(timeout, &timeout_ms) || timeout_ms < 1 || timeout_ms > 86400000)) {
        return jj_ctl_misused(ctl, "--timeout: a duration such as 500ms, 30s or 5m is expected");
    }
    ctl->timeout_ms = (int)timeout_ms;
    ctl->json = jj_ctl_option(ctl, "json") != NULL;
    return -1;
}

int jj_command_parse(jj_ctl *ctl, int argc, char **argv)
{
    char *words[2] = {0};
    int used = 0, count = plain_words(argc, argv, words);
    bool help = count > 0 && strcmp(words[0], "help") == 0;
    if (count > 0 && !help) {
        ctl->command = find_command(words, count, &used);
        if (!ctl->command) {
            return unknown_command(ctl, words[0], words[1]);
        }
    }
    int code = take_words(ctl, argc, argv, help ? 1 : used);
    if (code >= 0) {
        return code;
    }
    if (help && ctl->arg_count > 0) {
        char *topic[2] = {(char *)(uintptr_t)ctl->args[0],
                          ctl->arg_count > 1 ? (char *)(uintptr_t)ctl->args[1] : NULL};
        ctl->command = find_command(topic, (int)ctl->arg_count, &used);
        if (!ctl->command) {
            return unknown_command(ctl, topic[0], topic[1]);
        }
    }
    if (help || jj_ctl_option(ctl, "help")) {
        jj_command_help(ctl->command);
        return jj_ctl_finish(JJ_EXIT_OK);
    }
    return ctl->command ? check_words(ctl) : jj_ctl_misused(ctl, "a command is needed");
}
