/*
 * Reports that are a table: what is asked of the warehouse, and how it is shown. A report is an
 * entry of jj_reports (reports.c); nothing else knows it by name.
 *
 * Guarantees, for every report: text of others is shown as text (no control character reaches a
 * terminal, no cell of CSV or XLSX is taken for a formula), codes keep their dots and zeros,
 * figures are written as in Indonesia where people read them and as JSON has them where programs
 * do. A report without rows says so and is no failure.
 */
#ifndef JJ_CTL_TABULAR_H
#define JJ_CTL_TABULAR_H

#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/warehouse.h"

#include "base/buf.h"

#include <stdbool.h>

enum jj_column_kind {
    JJ_COLUMN_TEXT,
    JJ_COLUMN_CODE,    /* text that only looks like a number */
    JJ_COLUMN_NAME,    /* text; in the table it stands behind the code of the column before it */
    JJ_COLUMN_WORD,    /* text of an enumeration: people read the word that `words` has for it */
    JJ_COLUMN_FLAG,    /* boolean: ya, tidak */
    JJ_COLUMN_NUMBER,  /* whole, without thousands: a year, a rank */
    JJ_COLUMN_COUNT,   /* whole */
    JJ_COLUMN_DECIMAL, /* with a decimal */
    JJ_COLUMN_RUPIAH,  /* whole rupiah */
    JJ_COLUMN_RATE,    /* a fraction, shown in percent */
    JJ_COLUMN_DATE,
};

typedef struct jj_column_word {
    const char *value, *word; /* value NULL ends the list */
} jj_column_word;

typedef struct jj_column {
    const char *name;    /* in JSON; NULL ends the list */
    const char *heading; /* in the table, CSV and XLSX */
    enum jj_column_kind kind;
    const jj_column_word *words; /* of JJ_COLUMN_WORD */
    bool data_only;              /* left out of the table, which would be too wide with it */
} jj_column;

enum jj_param_kind {
    JJ_PARAM_TEXT,
    JJ_PARAM_REGION,  /* 33.75 or 33 */
    JJ_PARAM_DATE,    /* YYYY-MM-DD */
    JJ_PARAM_NUMBER,  /* whole, from 0 */
    JJ_PARAM_WORD,    /* one of `words` */
    JJ_PARAM_FLAG,    /* "true" if it was given */
    JJ_PARAM_SETTING, /* a whole number of the configuration; no option */
    JJ_PARAM_OWN,     /* the region of this node; no option */
    JJ_PARAM_NODES,   /* what the hub knows of the nodes below it, JSON; null if it is not there */
};

/* A parameter $1, $2 ... of the query, in this order. Null for the query if it was not given. */
typedef struct jj_param {
    const char *option; /* of the command, without dashes; NULL: none, and at the end */
    enum jj_param_kind kind;
    const char *const *words; /* ended by NULL */
    int64_t (*setting)(const jj_config *config);
} jj_param;

/* True for the kinds that are figures. */
bool jj_column_is_number(const jj_column *column);

/* The word that people read for a value of JJ_COLUMN_WORD; the value itself if there is none. */
const char *jj_column_word_of(const jj_column *column, const char *value);

struct jj_tabular;

typedef struct jj_report {
    const char *command;      /* "report vacancies"; NULL ends the table */
    const char *option;       /* this one is meant if the option was given; NULL: if no other is */
    const char *title;        /* of the sheet of a workbook */
    const char *query;        /* gives the columns in their order */
    const jj_param *params;   /* NULL: none */
    const jj_column *columns; /* in the order of the query */
    const char *empty;        /* what the table says if there are no rows */
    const char *notes;        /* lines below the table; NULL: none */
    /* Its CSV is an interface of programs: commas, and names and figures as in JSON, without names
     * of codes and columns that are data_only. Else it is for spreadsheets, as in Indonesia. */
    bool csv_is_plain;
    /* Changes cells before they are shown, see jj_tabular_hide. NULL: nothing to change. Returns 0
     * or JJ_EMEMORY. */
    int (*rework)(struct jj_tabular *table, const jj_config *config, jj_error *err);
} jj_report;

/* All reports, in reports.c. */
extern const jj_report jj_reports[];

/* What came of a query, cell by cell. */
typedef struct jj_tabular {
    const jj_report *report;
    int rows, columns;
    const char **cells; /* rows * columns; NULL: null. Borrowed from the query's rows */
    const char *day;    /* for which it is: YYYY-MM-DD */
} jj_tabular;

/* The cells of a query's rows, which it borrows; free(table->cells) ends that. Returns 0 or
 * JJ_EMEMORY. */
int jj_tabular_fill(jj_tabular *table, const jj_pg_rows *rows, jj_error *err);

const char *jj_tabular_cell(const jj_tabular *table, int row, int column);

/* The day that a report is for: --as-of, or today where the reports are made. */
#define JJ_TABULAR_DAY_SIZE 48
void jj_tabular_day(const jj_ctl *ctl, char out[JJ_TABULAR_DAY_SIZE]);

/* The cell is there and nobody is to know what it holds: "*" for people; in JSON null, and the
 * column's name in a list `hidden` of its row. */
void jj_tabular_hide(jj_tabular *table, int row, int column);
bool jj_tabular_hidden(const jj_tabular *table, int row, int column);

/* Writers. Each appends to out, and leaves it to the caller to see whether it has failed. */
typedef struct jj_paper {
    int width;   /* in columns of a terminal; 0: no limit */
    bool colour; /* ANSI sequences */
} jj_paper;

void jj_tabular_table(const jj_tabular *table, const jj_paper *paper, jj_buf *out);
void jj_tabular_json(const jj_tabular *table, jj_buf *out);
void jj_tabular_csv(const jj_tabular *table, jj_buf *out);
int jj_tabular_xlsx(const jj_tabular *table, jj_buf *out, jj_error *err);

/* All of it, where and in the format that output says. Returns an exit code. */
int jj_tabular_show(const jj_tabular *table, const jj_output *output);

/* The command of every entry of jj_reports: finds its entry by the command's name. Returns an exit
 * code. */
int jj_ctl_tabular(jj_ctl *ctl);

/* Options that every report has, for its table of flags. */
#define JJ_TABULAR_FLAGS                                                                           \
    {"format", "WORD", "table, json, csv (for spreadsheets) or xlsx"},                             \
    {                                                                                              \
        "output", "FILE", "write it there, in the format of its ending; also -o FILE"              \
    }

#endif
