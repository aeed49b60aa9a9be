/* What is made of the tables beside the help: parts of the manual pages, and completion. */
#include "config/tables.h"
#include "ctl/command.h"
#include "ctl/commands.h"

#include <inttypes.h>
#include <string.h>

/* ---- Manual pages, in the format of scdoc(5) ---------------------------------------------- */

/* Text without the meaning that scdoc gives to some letters. Lines of details that follow are
 * indented like the first. */
static void put(const char *text, const char *indent)
{
    for (; *text; text++) {
        if (strchr("\\*_`#|[", *text)) {
            putchar('\\');
        }
        putchar(*text);
        if (*text == '\n') {
            fputs(indent, stdout);
        }
    }
}

static void put_flags(const jj_flag *flags, const char *indent)
{
    for (; flags && flags->name; flags++) {
        printf("\n%s*--%s*", indent, flags->name);
        if (flags->value) {
            printf(" _%s_", flags->value);
        }
        printf("++\n%s", indent);
        put(flags->doc, indent);
        putchar('\n');
    }
}

static void put_command(const jj_command *command)
{
    printf("*%s*", command->name);
    if (*command->args) {
        putchar(' ');
        put(command->args, "");
    }
    fputs("\n\t", stdout);
    put(command->summary, "\t");
    puts(".");
    if (command->details) {
        fputs("\n\t", stdout);
        put(command->details, "\t");
        putchar('\n');
    }
    put_flags(command->flags, "\t");
    putchar('\n');
}

static void put_range(const jj_key *key)
{
    if (key->required) {
        fputs(", required", stdout);
    }
    if (key->initial) {
        fputs("; default: *", stdout);
        put(key->initial, "");
        putchar('*');
    }
    if (key->type == &jj_key_integer && (key->min || key->max)) {
        printf("; %" PRId64 " to %" PRId64, key->min, key->max);
    }
}

static void put_keys(const char *path, const jj_key *table)
{
    for (; table->name; table++) {
        char whole[128];
        snprintf(whole, sizeof whole, "%s%s%s", path, *path ? "." : "", table->name);
        putchar('*');
        put(whole, "");
        printf("* (%s", table->type->name);
        put_range(table);
        fputs(")\n\t", stdout);
        put(table->doc, "\t");
        puts(".\n");
        if (table->members) {
            bool named = table->type == &jj_key_plugins;
            snprintf(whole + strlen(whole), sizeof whole - strlen(whole), "%s",
                     named ? ".NAME" : "");
            put_keys(whole, table->members);
        }
    }
}

static void put_exits(void)
{
    for (const jj_exit_doc *exit = jj_exit_docs; exit->doc; exit++) {
        printf("*%d*\n\t%s.\n\n", exit->code, exit->doc);
    }
}

int jj_ctl_manual(jj_ctl *ctl)
{
    const char *part = ctl->args[0];
    if (strcmp(part, "commands") == 0) {
        for (const jj_command *command = jj_commands; command->name; command++) {
            put_command(command);
        }
    } else if (strcmp(part, "options") == 0) {
        put_flags(jj_common_flags, "");
    } else if (strcmp(part, "exits") == 0) {
        put_exits();
    } else if (strcmp(part, "keys") == 0) {
        put_keys("", jj_config_keys);
    } else if (strcmp(part, "agency-keys") == 0) {
        put_keys("", jj_agency_keys);
    } else {
        return jj_ctl_misused(ctl, "\"%s\" is no part of the manual", part);
    }
    return JJ_EXIT_OK;
}

/* ---- Completion ----------------------------------------------------------------------------- */

/* Words before a `)` of a case: the options that take such a value, of every command. */
static void put_valued(bool (*wanted)(const char *value))
{
    fputs("-", stdout); /* no option: the list is never empty */
    for (const jj_command *c = jj_commands; c->name; c++) {
        for (const jj_flag *f = c->flags; f && f->name; f++) {
            if (f->value && wanted(f->value)) {
                printf(" | --%s", f->name);
            }
        }
    }
    for (const jj_flag *f = jj_common_flags; f->name; f++) {
        if (f->value && wanted(f->value)) {
            printf(" | --%s", f->name);
        }
    }
}

static bool any(const char *value)
{
    (void)value;
    return true;
}

static bool is_file(const char *value)
{
    return strstr(value, "FILE") || strstr(value, "FOLDER") || strstr(value, "PLUGIN");
}

static void put_options(const jj_flag *flags)
{
    for (; flags && flags->name; flags++) {
        printf(" --%s", flags->name);
    }
}

/* The words that may come first, or behind `group`. */
static void put_words(const char *group)
{
    const char *last = "";
    for (const jj_command *c = jj_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        size_t length = space ? (size_t)(space - c->name) : strlen(c->name);
        if (group) {
            if (space && strlen(group) == length && strncmp(c->name, group, length) == 0) {
                printf(" %s", space + 1);
            }
        } else if (strlen(last) < length || strncmp(last, c->name, length) != 0 ||
                   (last[length] && last[length] != ' ')) {
            printf(" %.*s", (int)length, c->name);
        }
        last = c->name;
    }
}

static void put_cases(void)
{
    for (const jj_command *c = jj_commands; c->name; c++) {
        /* 'keys new'), or 'status '*), whose second word is not the command's. */
        printf("    '%s%s)\n        options+='", c->name, strchr(c->name, ' ') ? "'" : " '*");
        put_options(c->flags);
        printf("' files=%d ;;\n", is_file(c->args));
    }
}

static const char head[] =
    "# Completion of jejaringctl for bash; made by `jejaringctl completion bash`.\n"
    "_jejaringctl() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local words=() options='-c -h' files=0 choices='' i\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        -c | ";

int jj_ctl_completion(jj_ctl *ctl)
{
    if (strcmp(ctl->args[0], "bash") != 0) {
        return jj_ctl_misused(ctl, "\"%s\": there is a completion for bash only", ctl->args[0]);
    }
    fputs(head, stdout);
    put_valued(any);
    fputs(") ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *) words+=(\"${COMP_WORDS[i]}\") ;;\n"
          "        esac\n"
          "    done\n"
          "    [ \"${words[0]}\" != help ] || words=(\"${words[@]:1}\")\n"
          "    case $before in\n"
          "    -c | ",
          stdout);
    put_valued(is_file);
    fputs(") COMPREPLY=($(compgen -f -- \"$current\")) && return ;;\n    ", stdout);
    put_valued(any);
    puts(") return ;;\n"
         "    esac\n"
         "    case \"${words[0]} ${words[1]}\" in");
    put_cases();
    fputs("    esac\n    options+='", stdout);
    put_options(jj_common_flags);
    fputs("'\n    case ${#words[@]},${words[0]} in\n    0,*) choices='help", stdout);
    put_words(NULL);
    puts("' ;;");
    for (const jj_command *c = jj_commands; c->name; c++) {
        char group[64];
        const char *space = strchr(c->name, ' ');
        snprintf(group, sizeof group, "%.*s", space ? (int)(space - c->name) : 0, c->name);
        bool first = c == jj_commands || strncmp(c[-1].name, c->name, strlen(group) + 1) != 0;
        if (space && first) {
            printf("    1,%s) choices='", group);
            put_words(group);
            puts("' ;;");
        }
    }
    puts("    esac\n"
         "    case $current in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
         "       [ $files = 0 ] || COMPREPLY+=($(compgen -f -- \"$current\")) ;;\n"
         "    esac\n"
         "}\n"
         "complete -o filenames -F _jejaringctl jejaringctl");
    return JJ_EXIT_OK;
}
