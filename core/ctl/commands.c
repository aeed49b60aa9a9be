/* The table of commands: the one place that says what there is. */
#include "ctl/commands.h"

#include "ctl/cohort.h"
#include "ctl/command.h"
#include "ctl/report.h"
#include "ctl/reports.h"
#include "ctl/tabular.h"

#include <stdio.h>

static const jj_flag fetch_flags[] = {
    {"type", "TYPE", "only these event types; repeat it, or a,b; a prefix ends in .*"},
    {"region", "REGION", "only these regions; 33 is all of a province"},
    {"from", "CURSOR", "only what came after this cursor"},
    {"count", "NUMBER", "at most so many events"},
    {0},
};

static const jj_flag top_flags[] = {
    {"once", NULL, "one picture, and the end"},
    {"interval", "DURATION", "between two pictures (1s)"},
    {0},
};

static const jj_flag import_flags[] = {
    {"dry-run", NULL, "show what would happen; nothing is sent"},
    {"region", "REGION", "of rows that name none (the node's)"},
    {"sheet", "NAME", "of a workbook (the first visible one)"},
    {"agency", "ID", "as whose events they count (the plugin's that takes this type)"},
    {"rejects", "FOLDER", "where the file of failed rows goes (beside FILE)"},
    {0},
};

static const jj_flag erase_flags[] = {
    {"yes", NULL, "do it without asking"},
    {0},
};

static const jj_flag sim_flags[] = {
    {"print", NULL, "JSON lines to stdout; nothing is sent"},
    {"events", "NUMBER", "the first so many, at a pace that fills the years (10000)"},
    {"people", "NUMBER", "whole lives of so many people"},
    {"regions", "LIST", "where they live: 33.75, 33 (everywhere)"},
    {"from", "YEAR", "in which the first ones graduate (2017)"},
    {"to", "YEAR", "in which the last ones graduate (2024)"},
    {"seed", "NUMBER", "another one makes other people (1)"},
    {"person-key", "FILE", "the province's: most events then name a person by key, not by NIK"},
    {"rate", "NUMBER", "at most so many events a second (as fast as the hub takes them)"},
    {0},
};

static const jj_flag agency_flags[] = {
    {"name", "TEXT", "its name for people"},
    {"audience", "LIST", "as whom it reads: blk, industry, cooperative, capital, ..."},
    {"region", "LIST", "whose events it may read and publish: 33.75, 33 or *"},
    {"sees", "LIST", "whose events it may read, if more than --region"},
    {"publish", "LIST", "the event types that it may publish (none); * is all"},
    {"node", "NAME", "the node that reports to this one by its key; it wants --publish '*'"},
    {"public-key", "KEY", "of a pair that it made itself; the bundle then has no secret key"},
    {"host", "HOST", "name or address of this node as seen by the agency"},
    {"bundle", "FOLDER", "where the connection bundle goes (./ID)"},
    {0},
};

static const jj_flag rotate_flags[] = {
    {"public-key", "KEY", "of a pair that it made itself; the bundle then has no secret key"},
    {"host", "HOST", "name or address of this node as seen by the agency"},
    {"bundle", "FOLDER", "where the new connection bundle goes (./ID)"},
    {0},
};

static const jj_flag check_flags[] = {
    {"connect", NULL, "also try PostgreSQL, its schema, folders, ports and the journal's lock"},
    {0},
};

static const jj_flag backup_flags[] = {
    {"without-keys", NULL, "leave the keys out: they are kept elsewhere, and needed for a restore"},
    {0},
};

static const jj_flag restore_flags[] = {
    {"force", NULL, "over a node that is there: its journal and keys are moved aside"},
    {0},
};

static const jj_flag doctor_flags[] = {
    {"disk", "PERCENT", "less free space than this is wrong (10)"},
    {"lag", "DURATION", "what waits longer than this is wrong (15m)"},
    {"backup-age", "DURATION", "a last backup older than this is wrong (7d)"},
    {"skip", "LIST",
     "of config, hub, workers, consumers, quarantine, inbox, journal, disk, keys, backup, clock, "
     "warehouse"},
    {0},
};

static const jj_flag metrics_flags[] = {
    {"textfile", "FILE", "write them there, whole or not at all, for node_exporter's collector"},
    {0},
};

static const jj_flag graph_flags[] = {
    {"dot", NULL, "in Graphviz's language, which is the only one yet and the default"},
    {0},
};

static const jj_flag plugin_new_flags[] = {
    {"schema", "TYPE", "with an event type of its own, e.g. voucher.granted, and its schema"},
    {0},
};

static const jj_flag plugin_test_flags[] = {
    {"options", "YAML", "its options as they would stand in the file: '{milestone: 5}'"},
    {"schemas", "FOLDER", "whose event types it is given (those installed with this program)"},
    {0},
};

const jj_command jj_commands[] = {
    {.name = "status",
     .args = "",
     .summary = "how the node stands: journal, intake, consumers",
     .run = jj_ctl_status},
    {.name = "balance",
     .args = "",
     .summary = "that nothing was lost and nothing counted twice",
     .details = "For the hub: received = accepted + duplicate + rejected. For every consumer:\n"
                "accepted = delivered + filtered + pending. Exit code 1 if that does not hold.",
     .run = jj_ctl_balance},
    {.name = "check",
     .args = "[FILE]",
     .args_max = 1,
     .flags = check_flags,
     .summary = "whether the daemon would start with a configuration",
     .details =
         "Everything that is wrong, each with its place, what it means and what to do next: the\n"
         "configuration, agencies, schemas, plugins and their options, keys, folders, region "
         "codes.\n"
         "Root checks as the owner of the state folder. FILE is that of -c without it. The same "
         "as\n"
         "`jejaringd --check`, but for --connect. Exit code 0 only if the daemon would start, else "
         "78.",
     .run = jj_ctl_check},
    {.name = "top",
     .args = "",
     .flags = top_flags,
     .summary = "how the node is doing, on a screen that goes on",
     .details =
         "Rates of intake, journal and disk, the processes, and how far each consumer is\n"
         "behind, those that are furthest first. q and Ctrl-C end it. Goes on while the hub\n"
         "is away, and says so. Where stdout is no terminal, one picture; with --json an\n"
         "object a line. Exit code 4 with --once if the hub gave no answer.",
     .run = jj_ctl_top},
    {.name = "doctor",
     .args = "",
     .flags = doctor_flags,
     .summary = "what is wrong with a running node, and what to do next",
     .details =
         "Looks at the daemon and its processes, readers that lag or are lost, quarantine, "
         "refused\n"
         "files in inboxes, the journal and its disk, keys, backups, the clock and the warehouse.\n"
         "Changes nothing. Exit code 0: all is fine; 1: something is wrong.",
     .run = jj_ctl_doctor},
    {.name = "metrics",
     .args = "",
     .flags = metrics_flags,
     .summary = "the node's figures for Prometheus, in its text format",
     .details = "Exit code 4 if the hub does not answer: jejaring_up is then 0.",
     .run = jj_ctl_metrics},
    {.name = "graph",
     .args = "",
     .flags = graph_flags,
     .summary = "plugins, event types and agencies as a drawing",
     .details = "For example: jejaringctl graph --dot | dot -Tsvg > node.svg",
     .run = jj_ctl_graph},
    {.name = "publish",
     .args = "[FILE]",
     .args_max = 1,

     .summary = "send events, one JSON object a line",
     .details =
         "Reads stdin without FILE. Each refused line is named on stderr with its reason, and\n"
         "the exit code is then 3. Sending the same lines again does nothing twice.",
     .run = jj_ctl_publish},
    {.name = "sim",
     .args = "",
     .flags = sim_flags,
     .summary = "made-up load: the lives of people who do not exist",
     .details =
         "Graduations, work, businesses, loans: all event types, spread over the regencies by\n"
         "population, in the order of time. The same numbers give the same bytes. For trials and\n"
         "measurements only: what was sent cannot be told from real events but by its source,\n"
         "/REGION/disnaker/...",
     .run = jj_ctl_sim},
    {.name = "fetch",
     .args = "",
     .flags = fetch_flags,
     .summary = "print the events of the journal",
     .details = "Oldest first, one a line; with --json as they are. Ends at the newest.",
     .run = jj_ctl_fetch},
    {.name = "tap",
     .args = "",
     .flags = fetch_flags,
     .summary = "print events as they come, until interrupted",
     .details = "Begins with what comes next; with --from earlier.",
     .run = jj_ctl_tap},
    {.name = "import",
     .args = "TYPE FILE...",
     .args_min = 2,
     .args_max = JJ_CTL_ARGS_MAX,
     .flags = import_flags,
     .summary = "send a CSV, XLSX or JSON lines file of an office",
     .details =
         "By the same rules as an inbox: columns are found by their names, good rows are sent,\n"
         "failed ones are put into a file beside it that says why in Indonesian and can be\n"
         "corrected and imported as it is. Importing a file twice does nothing twice.",
     .run = jj_ctl_import},
    {.name = "report absorption",
     .args = "",
     .flags = jj_absorption_flags,
     .summary = "the absorption rate (serapan) of graduates, with its parts",
     .details =
         "In csv the columns are named as in json, for programs; xlsx is for spreadsheets.\n"
         "With --list the person keys behind a figure, as far as the database lets its user\n"
         "see them. --where takes the cell's values as the report shows or knows them, for a list\n"
         "as well as for a report of a part.",
     .run = jj_ctl_absorption},
    {.name = "report funnel",
     .args = "",
     .flags = jj_funnel_flags,
     .summary = "from graduation to lasting work: how many come how far",
     .run = jj_ctl_funnel},
    {.name = "report time-to-work",
     .args = "",
     .flags = jj_time_to_work_flags,
     .summary = "days from graduation to work, counting those who still wait",
     .details =
         "By Kaplan and Meier's estimator. In json, csv and xlsx a median that is not reached\n"
         "yet is empty.",
     .run = jj_ctl_time_to_work},
    {.name = "report funding",
     .args = "",
     .flags = jj_funding_flags,
     .summary = "APBN beside APBD, and with beside without digital marketing",
     .run = jj_ctl_funding},
    {.name = "report tracer",
     .args = "",
     .flags = jj_tracer_flags,
     .summary = "graduates of whom nobody knows anything yet",
     .details =
         "Those without any evidence of what became of them, from one month after graduation\n"
         "on; with --due the list of whom to call, by person key. It shrinks by itself.",
     .run = jj_ctl_tabular},
    {.name = "report vacancies",
     .args = "",
     .flags = jj_vacancies_flags,
     .summary = "vacancies and what became of them (Perpres 57/2023)",
     .details = "csv, xlsx and json have all fields that the regulation asks for.",
     .run = jj_ctl_tabular},
    {.name = "report directory",
     .args = "",
     .flags = jj_directory_flags,
     .summary = "businesses of alumni who agree to be found, by skill and region",
     .run = jj_ctl_tabular},
    {.name = "report orders",
     .args = "",
     .flags = jj_orders_flags,
     .summary = "what offices ordered, and how much of it from alumni",
     .run = jj_ctl_tabular},
    {.name = "report capital",
     .args = "",
     .flags = jj_capital_flags,
     .summary = "loans: applied for, approved, refused and why, disbursed",
     .run = jj_ctl_tabular},
    {.name = "report candidates",
     .args = "",
     .flags = jj_candidates_flags,
     .summary = "the file for banks: businesses referred to a loan scheme",
     .details = "Only owners whose current consent names capital, and only what a lender may see.",
     .run = jj_ctl_tabular},
    {.name = "report inclusion",
     .args = "",
     .flags = jj_inclusion_flags,
     .summary = "graduates with a disability, and the quota of employers",
     .details = "Counts of persons below `reports: floor` of the configuration are not shown, nor "
                "as many\n"
                "others as it takes that none of them follows from what is shown.",
     .run = jj_ctl_tabular},
    {.name = "report completeness",
     .args = "",
     .flags = jj_completeness_flags,
     .summary = "which regencies have reported, and which have not",
     .details = "By the calendar of the configuration (reports: calendar). With the hub at hand "
                "also when\n"
                "each node was last in contact, and whether anything of it is missing.",
     .run = jj_ctl_tabular},
    {.name = "warehouse migrate",
     .args = "",
     .summary = "bring the schema of the database up to date",
     .run = jj_ctl_migrate},
    {.name = "warehouse rebuild",
     .args = "",
     .summary = "project every event anew",
     .details = "In one transaction; readers wait for it. Must end in the same rows.",
     .run = jj_ctl_rebuild},
    {.name = "warehouse verify",
     .args = "",
     .summary = "compare every projection with the events, without writing",
     .details = "Exit code 1 if one differs.",
     .run = jj_ctl_verify},
    {.name = "quarantine list",
     .args = "",
     .summary = "what the hub refused, and why",
     .run = jj_ctl_quarantine_list},
    {.name = "quarantine show",
     .args = "NUMBER",
     .args_min = 1,
     .args_max = 1,
     .summary = "one entry with its event, personal members hidden",
     .run = jj_ctl_quarantine_show},
    {.name = "quarantine retry",
     .args = "NUMBER",
     .args_min = 1,
     .args_max = 1,
     .summary = "judge it again, after rules or rights have changed; or \"all\"",
     .details = "Exit code 3 if, of all, some are refused once more; they stay where they are.",
     .run = jj_ctl_quarantine_retry},
    {.name = "quarantine drop",
     .args = "NUMBER",
     .args_min = 1,
     .args_max = 1,
     .summary = "remove it for good",
     .run = jj_ctl_quarantine_drop},
    {.name = "trace",
     .args = "PERSON",
     .args_min = 1,
     .args_max = 1,
     .summary = "who received or saw what about a person",
     .details =
         "PERSON is a person key or a NIK; \"-\" reads it from stdin, so that a NIK is kept out\n"
         "of the shell's history.",
     .run = jj_ctl_trace},
    {.name = "erase",
     .args = "PERSON",
     .args_min = 1,
     .args_max = 1,
     .flags = erase_flags,
     .summary = "remove a person from the node, for good",
     .details =
         "PERSON as for trace. Everybody who had the person's events is told by person.erased.",
     .run = jj_ctl_erase},
    {.name = "consumer drop",
     .args = "AGENCY/NAME",
     .args_min = 1,
     .args_max = 1,
     .summary = "forget a reader that will not come back",
     .details = "`balance` lists them. Until then the journal keeps what it has not yet read. Its\n"
                "state goes, too; if it does come back, it begins with the oldest event kept.",
     .run = jj_ctl_consumer_drop},
    {.name = "erasures",
     .args = "",
     .summary = "which erasures the node above has confirmed, and which are overdue",
     .run = jj_ctl_erasures},
    {.name = "node list",
     .args = "",
     .summary = "the nodes that report to this one: how far, when, what is missing or wrong",
     .details = "Exit code 1 if nothing is taken from one of them, or events of one are missing.",
     .run = jj_ctl_node_list},
    {.name = "node forget",
     .args = "NAME",
     .args_min = 1,
     .args_max = 1,
     .summary = "let a node report anew: another key, a restored journal, a region given up",
     .details = "Its events stay, and its regions may be reported by another. When it reports "
                "again, what\n"
                "is here already is known by source and id and counts once.",
     .run = jj_ctl_node_forget},
    {.name = "audit verify",
     .args = "",
     .summary = "whether the record of reveals and erasures is whole",
     .run = jj_ctl_audit_verify},
    {.name = "backup",
     .args = "FOLDER",
     .args_min = 1,
     .args_max = 1,
     .flags = backup_flags,
     .summary = "copy journal, keys and agencies to a new folder, also while the node runs",
     .details = "The journal as it is at one moment, the node's keys, the agencies' files and the\n"
                "configuration, with a list of checksums; folder 0700, files 0600. It holds the "
                "keys: keep it\n"
                "as secret as the node. PostgreSQL is not in it (pg_dump), nor are inboxes. Run it "
                "as root or\n"
                "as the daemon's user.",
     .run = jj_ctl_backup},
    {.name = "restore",
     .args = "FOLDER",
     .args_min = 1,
     .args_max = 1,
     .flags = restore_flags,
     .summary = "put a backup back, with the daemon stopped",
     .details = "Into the folders of the configuration, which must be that of the same node. "
                "Refused while a\n"
                "hub runs, if the backup is damaged, and over a node that is there, without "
                "--force. The node\n"
                "then goes on from the moment of the backup: what came in later is sent again by "
                "those who\n"
                "sent it, and nothing is doubled, neither in the journal nor in the warehouse.",
     .run = jj_ctl_restore},
    {.name = "keys new",
     .args = "FILE",
     .args_min = 1,
     .args_max = 1,
     .summary = "make a person key for a province",
     .details =
         "32 random bytes in hexadecimal, mode 0600. A file that is there is never overwritten.",
     .run = jj_ctl_keys_new},
    {.name = "keys pair",
     .args = "FILE",
     .args_min = 1,
     .args_max = 1,
     .summary = "make an agency's key pair: secret to FILE, public to stdout",
     .run = jj_ctl_keys_pair},
    {.name = "keys curve",
     .args = "FILE",
     .args_min = 1,
     .args_max = 1,
     .summary = "make the hub's key pair: secret to FILE, public to stdout",
     .details = "For `server_key` of the configuration. A file that is there is never overwritten.",
     .run = jj_ctl_keys_curve},
    {.name = "agency add",
     .args = "ID",
     .args_min = 1,
     .args_max = 1,
     .flags = agency_flags,
     .summary = "let an agency in: its file, and a connection bundle for it",
     .details =
         "Writes ID.yaml into the folder `agencies` of the configuration, and a folder with the\n"
         "endpoint, the hub's public key, a key pair of the agency's own and examples that work\n"
         "as they stand. In force from the next SIGHUP on (systemctl reload jejaringd).",
     .run = jj_ctl_agency_add},
    {.name = "agency list",
     .args = "",
     .summary = "who may connect",
     .details = "Exit code 78 if a file is wrong: the hub leaves its agency out.",
     .run = jj_ctl_agency_list},
    {.name = "agency show",
     .args = "ID",
     .args_min = 1,
     .args_max = 1,
     .summary = "one agency, with its rights and key",
     .run = jj_ctl_agency_show},
    {.name = "agency revoke",
     .args = "ID",
     .args_min = 1,
     .args_max = 1,
     .summary = "let an agency in no more",
     .details =
         "Writes `revoked: true` into its file. From the next SIGHUP on its open connections are\n"
         "answered `unauthorised`.",
     .run = jj_ctl_agency_revoke},
    {.name = "agency rotate",
     .args = "ID",
     .args_min = 1,
     .args_max = 1,
     .flags = rotate_flags,
     .summary = "give an agency a new key pair, in a new bundle",
     .details = "From the next SIGHUP on the old key is not known any more.",
     .run = jj_ctl_agency_rotate},
    {.name = "plugin new",
     .args = "NAME [FOLDER]",
     .args_min = 1,
     .args_max = 2,
     .flags = plugin_new_flags,
     .summary = "write a plugin to begin with",
     .details = "Source, test, Makefile and README in a new folder (./NAME): it compiles and "
                "passes its test\n"
                "as it stands, with nothing but `pkg-config jejaring`.",
     .run = jj_ctl_plugin_new},
    {.name = "plugin test",
     .args = "PLUGIN.so",
     .args_min = 1,
     .args_max = 1,
     .flags = plugin_test_flags,
     .summary = "try a plugin out without a node",
     .details = "Each case in a process of its own, so that a crash or a hang is a finding; "
                "--timeout is how\n"
                "long a callback may take. Load and descriptor, options, lifecycle, events and "
                "timers, what it\n"
                "publishes, repetition, memory. Exit code 1 if one fails.",
     .run = jj_ctl_plugin_test},
    {.name = "schema check",
     .args = "FILE...",
     .args_min = 1,
     .args_max = JJ_CTL_ARGS_MAX,
     .summary = "whether the validator accepts JSON Schema files",
     .details = "Exit code 78 if one is refused, with the place and the reason.",
     .run = jj_ctl_schema_check},
    {.name = "schema validate",
     .args = "SCHEMA [FILE]",
     .args_min = 1,
     .args_max = 2,
     .summary = "judge a JSON value (stdin without FILE)",
     .details = "Exit code 0: valid; 3: not valid, with every reason; 78: the schema is refused.",
     .run = jj_ctl_schema_validate},
    {.name = "completion",
     .args = "SHELL",
     .args_min = 1,
     .args_max = 1,
     .summary = "the completion of a shell: bash",
     .details = "For one session: source <(jejaringctl completion bash)",
     .run = jj_ctl_completion},
    {.name = "manual",
     .args = "PART",
     .args_min = 1,
     .args_max = 1,
     .summary = "parts of the manual pages in scdoc's format",
     .details = "PART is commands, options, exits, keys (of the configuration) or agency-keys.",
     .run = jj_ctl_manual},
    {.name = "version",
     .args = "",
     .summary = "the version of this program and its protocol",
     .run = jj_ctl_version},
    {0},
};

int jj_ctl_version(jj_ctl *ctl)
{
    if (ctl->json) {
        return jj_ctl_print_json(
            json_pack("{s:s, s:s}", "version", JJ_VERSION, "protocol", JJ_PROTOCOL));
    }
    puts("jejaringctl " JJ_VERSION ", protocol " JJ_PROTOCOL);
    return JJ_EXIT_OK;
}
