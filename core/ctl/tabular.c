/* From the words of a command to the cells of its report, and out again. */
#include "ctl/tabular.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/completeness.h"
#include "ctl/output.h"
#include "ctl/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define PARAMS_MAX  12
#define JAKARTA_MS  (7 * 3600 * INT64_C(1000)) /* the reports' day: western Indonesian time */
#define DAY_SECONDS (24 * 3600)

typedef struct request {
    const jj_report *report;
    const char *params[PARAMS_MAX];
    char numbers[PARAMS_MAX][24];
    char *nodes; /* as the hub tells them; owned */
    int param_count;
    char day[JJ_TABULAR_DAY_SIZE];
} request;

/* ---- What is asked ------------------------------------------------------------------------ */

static const jj_report *find_report(const jj_ctl *ctl)
{
    const jj_report *usual = NULL;
    for (const jj_report *report = jj_reports; report->command; report++) {
        if (strcmp(report->command, ctl->command->name) != 0) {
            continue;
        }
        if (report->option && jj_ctl_option(ctl, report->option)) {
            return report;
        }
        usual = report->option ? usual : report;
    }
    return usual;
}

static bool is_region(const char *text)
{
    static const char digits[] = "0123456789";
    size_t length = strlen(text);
    return strspn(text, digits) == 2 &&
           (length == 2 || (length == 5 && text[2] == '.' && strspn(text + 3, digits) == 2));
}

static int check_word(const jj_ctl *ctl, const jj_param *param, const char *value)
{
    for (const char *const *word = param->words; *word; word++) {
        if (strcmp(*word, value) == 0) {
            return JJ_EXIT_OK;
        }
    }
    const char *nearest = jj_closest(value, param->words);
    return nearest ? jj_ctl_misused(ctl, "--%s: unknown word %s (did you mean %s?)", param->option,
                                    value, nearest)
                   : jj_ctl_misused(ctl, "--%s: unknown word %s", param->option, value);
}

static int check_value(const jj_ctl *ctl, const jj_param *param, const char *value)
{
    int year, month, day;
    uint64_t number;
    switch (param->kind) {
    case JJ_PARAM_REGION:
        return is_region(value)
                   ? JJ_EXIT_OK
                   : jj_ctl_misused(ctl, "--%s: a region is written 33.75, a province 33",
                                    param->option);
    case JJ_PARAM_DATE:
        return jj_date_parse(value, strlen(value), &year, &month, &day)
                   ? JJ_EXIT_OK
                   : jj_ctl_misused(ctl, "--%s: not a date (YYYY-MM-DD): %s", param->option, value);
    case JJ_PARAM_NUMBER:
        return jj_parse_u64(value, &number) && number <= INT32_MAX
                   ? JJ_EXIT_OK
                   : jj_ctl_misused(ctl, "--%s: a whole number is expected", param->option);
    case JJ_PARAM_WORD:
        return check_word(ctl, param, value);
    default:
        return jj_utf8_valid(value, strlen(value))
                   ? JJ_EXIT_OK
                   : jj_ctl_misused(ctl, "--%s: the text is not UTF-8", param->option);
    }
}

void jj_tabular_day(const jj_ctl *ctl, char out[JJ_TABULAR_DAY_SIZE])
{
    const char *given = jj_ctl_option(ctl, "as-of");
    int year, month, day;
    if (given) {
        snprintf(out, JJ_TABULAR_DAY_SIZE, "%s", given);
        return;
    }
    jj_date_from_days((jj_now_ms() + JAKARTA_MS) / 1000 / DAY_SECONDS, &year, &month, &day);
    snprintf(out, JJ_TABULAR_DAY_SIZE, "%04d-%02d-%02d", year, month, day);
}

/* What is not asked of the user. */
static const char *told_by_node(jj_ctl *ctl, const jj_config *config, const jj_param *param,
                                request *asked, int at)
{
    switch (param->kind) {
    case JJ_PARAM_OWN:
        return config->region;
    case JJ_PARAM_NODES:
        asked->nodes = asked->nodes ? asked->nodes : jj_completeness_nodes(ctl);
        return asked->nodes;
    case JJ_PARAM_SETTING:
    default:
        snprintf(asked->numbers[at], sizeof asked->numbers[at], "%lld",
                 (long long)param->setting(config));
        return asked->numbers[at];
    }
}

static int read_params(jj_ctl *ctl, const jj_config *config, request *asked)
{
    for (const jj_param *param = asked->report->params;
         param && (param->option || param->kind >= JJ_PARAM_SETTING) &&
         asked->param_count < PARAMS_MAX;
         param++) {
        int at = asked->param_count++;
        if (!param->option) {
            asked->params[at] = told_by_node(ctl, config, param, asked, at);
            continue;
        }
        const char *value = jj_ctl_option(ctl, param->option);
        int code = value && param->kind != JJ_PARAM_FLAG ? check_value(ctl, param, value) : 0;
        if (code) {
            return code;
        }
        asked->params[at] = value && param->kind == JJ_PARAM_FLAG ? "true" : value;
    }
    jj_tabular_day(ctl, asked->day);
    return JJ_EXIT_OK;
}

/* ---- Cells -------------------------------------------------------------------------------- */

bool jj_column_is_number(const jj_column *column)
{
    return column->kind == JJ_COLUMN_NUMBER || column->kind == JJ_COLUMN_COUNT ||
           column->kind == JJ_COLUMN_DECIMAL || column->kind == JJ_COLUMN_RUPIAH ||
           column->kind == JJ_COLUMN_RATE;
}

const char *jj_column_word_of(const jj_column *column, const char *value)
{
    for (const jj_column_word *word = column->words; word && word->value; word++) {
        if (strcmp(word->value, value) == 0) {
            return word->word;
        }
    }
    return value;
}

/* What stands in a hidden cell; known by its place in memory. */
static const char hidden[] = "*";

const char *jj_tabular_cell(const jj_tabular *table, int row, int column)
{
    return table->cells[(size_t)row * (size_t)table->columns + (size_t)column];
}

void jj_tabular_hide(jj_tabular *table, int row, int column)
{
    table->cells[(size_t)row * (size_t)table->columns + (size_t)column] = hidden;
}

bool jj_tabular_hidden(const jj_tabular *table, int row, int column)
{
    return jj_tabular_cell(table, row, column) == hidden;
}

int jj_tabular_fill(jj_tabular *table, const jj_pg_rows *rows, jj_error *err)
{
    table->rows = jj_pg_rows_count(rows);
    table->columns = jj_pg_rows_width(rows);
    table->cells = calloc((size_t)table->rows * (size_t)table->columns + 1, sizeof *table->cells);
    if (!table->cells) {
        return jj_fail(err, JJ_EMEMORY, "out of memory for the report");
    }
    for (int row = 0; row < table->rows; row++) {
        for (int column = 0; column < table->columns; column++) {
            table->cells[(size_t)row * (size_t)table->columns + (size_t)column] =
                jj_pg_rows_value(rows, row, column);
        }
    }
    return 0;
}

int jj_tabular_show(const jj_tabular *table, const jj_output *output)
{
    jj_buf out = {0};
    jj_error err = {0};
    const jj_paper paper = {.width = output->width, .colour = output->colour};
    int rc = 0;
    switch (output->format) {
    case JJ_FORMAT_JSON:
        jj_tabular_json(table, &out);
        break;
    case JJ_FORMAT_CSV:
        jj_tabular_csv(table, &out);
        break;
    case JJ_FORMAT_XLSX:
        rc = jj_tabular_xlsx(table, &out, &err);
        break;
    case JJ_FORMAT_TABLE:
    default:
        jj_tabular_table(table, &paper, &out);
    }
    int code = rc ? jj_ctl_fail(NULL, &err) : jj_output_write(output, &out);
    jj_buf_clear(&out);
    return code;
}

/* ---- The command -------------------------------------------------------------------------- */

static int ask(const request *asked, const jj_database *database, jj_pg_rows **rows)
{
    jj_pg *pg = NULL;
    jj_error err = {0};
    int code = jj_database_open(database, &pg);
    if (code == 0 &&
        jj_pg_query(pg, asked->report->query, asked->params, asked->param_count, rows, &err)) {
        code = jj_database_failed(database, pg, &err);
    }
    jj_pg_close(pg);
    return code;
}

int jj_ctl_tabular(jj_ctl *ctl)
{
    request asked = {.report = find_report(ctl)};
    const jj_config *config;
    jj_output output;
    jj_database database;
    jj_pg_rows *rows = NULL;
    jj_tabular table = {.report = asked.report, .day = asked.day};
    jj_error err = {0};
    int code = jj_output_of(ctl, &output);
    code = code ? code : jj_ctl_config(ctl, &config);
    code = code ? code : read_params(ctl, config, &asked);
    code = code ? code : jj_ctl_database(ctl, &database);
    code = code ? code : ask(&asked, &database, &rows);
    if (code == 0) {
        int rc = jj_tabular_fill(&table, rows, &err);
        rc = rc || !asked.report->rework ? rc : asked.report->rework(&table, config, &err);
        code = rc ? jj_ctl_fail(NULL, &err) : jj_tabular_show(&table, &output);
    }
    free(table.cells);
    free(asked.nodes);
    jj_pg_rows_free(rows);
    return code;
}
