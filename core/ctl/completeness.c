#include "ctl/completeness.h"

#include "ctl/reports.h"

const jj_flag jj_completeness_flags[] = {
    {"region", "CODE", "the regencies of this province (the node's), or only this one"},
    {"as-of", "DATE", "the state on that day (today)"},
    JJ_TABULAR_FLAGS,
    {0},
};

static int64_t due_day(const jj_config *config)
{
    return config->reports.due_day;
}

static int64_t due_months(const jj_config *config)
{
    return config->reports.due_months;
}

const jj_param jj_completeness_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {NULL, JJ_PARAM_OWN, NULL, NULL},
    {"as-of", JJ_PARAM_DATE, NULL, NULL},
    {NULL, JJ_PARAM_SETTING, NULL, due_day},
    {NULL, JJ_PARAM_SETTING, NULL, due_months},
    {NULL, JJ_PARAM_NODES, NULL, NULL},
    {0},
};

static const jj_column_word state_words[] = {
    {"reported", "lapor"}, {"late", "terlambat"}, {"never", "belum pernah"}, {0}};

const jj_column jj_completeness_columns[] = {
    {"region", "Kode wilayah", JJ_COLUMN_CODE, NULL, false},
    {"region_name", "Wilayah", JJ_COLUMN_NAME, NULL, false},
    {"status", "Keadaan", JJ_COLUMN_TEXT, NULL, false},
    {"reported_on", "Laporan terakhir", JJ_COLUMN_DATE, NULL, false},
    {"contact", "Kontak terakhir", JJ_COLUMN_TEXT, NULL, false},
    {"late_days", "Terlambat (hari)", JJ_COLUMN_COUNT, NULL, false},
    {"this_month", "Bulan ini", JJ_COLUMN_COUNT, NULL, false},
    {"last_month", "Bulan lalu", JJ_COLUMN_COUNT, NULL, false},
    {"usual", "Biasanya", JJ_COLUMN_DECIMAL, NULL, false},
    {"gaps", "Celah", JJ_COLUMN_COUNT, NULL, false},
    {"state", "Status", JJ_COLUMN_WORD, state_words, true},
    {"missed_on", "Tenggat terlewat", JJ_COLUMN_DATE, NULL, true},
    {"events", "Semua kejadian", JJ_COLUMN_COUNT, NULL, true},
    {"by_month", "Dua belas bulan terakhir", JJ_COLUMN_TEXT, NULL, true},
    {"nodes", "Simpul", JJ_COLUMN_TEXT, NULL, true},
    {0},
};

char *jj_completeness_nodes(jj_ctl *ctl)
{
    json_t *status = NULL;
    char *text = NULL;

    if (jj_ctl_hub_is_there(ctl) && jj_ctl_ask(ctl, "STATUS", NULL, &status) == 0) {
        const json_t *nodes = json_object_get(status, "nodes");
        text = nodes ? json_dumps(nodes, JSON_COMPACT) : NULL;
    }
    json_decref(status);
    return text;
}
