#include "import/record.h"

#include "base/clock.h"
#include "base/id.h"
#include "import/numbers.h"
#include "import/reasons.h"
#include "import/warn.h"
#include "jejaring/client.h"
#include "json/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORRECTION_MAX 999
#define PARTS_MAX      64
#define DAY_MS         86400000

/* What one row is made of while it is being made. */
struct row {
    jj_record *record;
    const jj_recorder *recorder;
    const jj_cell *cells;
    size_t count;
    size_t next_leaf; /* while data is written */
    const char *region;
    char subject[JJ_UUID_SIZE];
    unsigned correction;
};

void jj_record_clear(jj_record *record)
{
    jj_buf_clear(&record->event);
    jj_buf_clear(&record->problems);
    jj_buf_clear(&record->warnings);
    jj_buf_clear(&record->data);
    jj_buf_clear(&record->why);
    free(record->values);
    free(record->bad);
    *record = (jj_record){0};
}

/* The content of a column; empty where the row or the file has none. */
static jj_cell cell_of(const struct row *row, size_t column)
{
    return column < row->count ? row->cells[column] : (jj_cell){"", 0};
}

static void add_problem(struct row *row, const char *title, const char *why)
{
    jj_reason_add(&row->record->problems, title, why);
}

/* The reason that a reader of cells has written to record->why. */
static const char *reason_of(struct row *row)
{
    const jj_buf *why = &row->record->why;
    row->record->problems.failed = row->record->problems.failed || why->failed;
    return why->data ? why->data : "";
}

static void add_leaf_problem(struct row *row, size_t leaf, const char *why)
{
    const jj_mapping *mapping = row->recorder->mapping;
    add_problem(row, jj_mapping_title(mapping, &mapping->leaves[leaf]), why);
    row->record->bad[leaf] = true;
}

/* One member with its name; nothing if the cell is empty or bad. */
static void write_leaf(struct row *row, size_t index)
{
    const jj_leaf *leaf = &row->recorder->mapping->leaves[index];
    jj_cell cell = cell_of(row, leaf->column);
    jj_buf *data = &row->record->data, *why = &row->record->why;
    if (cell.length == 0) {
        return;
    }
    size_t before = data->size;
    if (data->data[before - 1] != '{') {
        jj_buf_putc(data, ',');
    }
    jj_buf_json_z(data, leaf->property->name);
    jj_buf_putc(data, ':');
    size_t start = data->size;
    jj_buf_reset(why);
    if (!jj_cell_value(&row->recorder->cells, leaf->property, cell.text, cell.length, data, why)) {
        data->size = before;
        add_leaf_problem(row, index, reason_of(row));
        return;
    }
    row->record->values[index] = (struct jj_span_of){start, data->size - start};
}

/* The members of an object in the schema's order; the leaves are counted along. */
static void write_members(struct row *row, const jj_property *properties, size_t count)
{
    jj_buf *data = &row->record->data;
    for (size_t i = 0; i < count && !data->failed; i++) {
        const jj_property *property = &properties[i];
        if (property->kind != JJ_KIND_OBJECT) {
            write_leaf(row, row->next_leaf++);
            continue;
        }
        size_t before = data->size;
        if (data->data[before - 1] != '{') {
            jj_buf_putc(data, ',');
        }
        jj_buf_json_z(data, property->name);
        jj_buf_puts(data, ":{");
        size_t inside = data->size;
        write_members(row, property->members, property->member_count);
        if (data->size == inside) {
            data->size = before;
        } else {
            jj_buf_putc(data, '}');
        }
    }
}

static const char *value_of(const struct row *row, size_t leaf, size_t *size)
{
    *size = row->record->values[leaf].size;
    return row->record->data.data + row->record->values[leaf].start;
}

static void read_region(struct row *row)
{
    const jj_mapping *mapping = row->recorder->mapping;
    jj_cell cell = cell_of(row, mapping->region);
    row->region = row->recorder->region;
    jj_buf_reset(&row->record->why);
    if (cell.length && !jj_cell_region(&row->recorder->cells, cell.text, cell.length, &row->region,
                                       &row->record->why)) {
        add_problem(row, mapping->columns[mapping->region].title, reason_of(row));
    }
}

static void read_correction(struct row *row)
{
    const jj_mapping *mapping = row->recorder->mapping;
    jj_cell cell = cell_of(row, mapping->correction);
    char number[JJ_NUMBER_TEXT];
    const char *why;
    row->correction = 0;
    if (cell.length == 0) {
        return;
    }
    long value =
        jj_number_read(cell.text, cell.length, true, number, &why) ? strtol(number, NULL, 10) : -1;
    if (value < 0 || value > CORRECTION_MAX) {
        add_problem(row, mapping->columns[mapping->correction].title,
                    "harus bilangan bulat dari 0 sampai 999");
        return;
    }
    row->correction = (unsigned)value;
}

/* The subject column of a file: the person key of somebody whose NIK is not at hand. */
static void read_subject(struct row *row)
{
    const jj_mapping *mapping = row->recorder->mapping;
    jj_cell cell = cell_of(row, mapping->subject);
    unsigned char uuid[16];
    *row->subject = '\0';
    if (cell.length == 0 || !jj_type_is_person(mapping->type)) {
        return;
    }
    if (!jj_uuid_parse(cell.text, cell.length, uuid)) {
        add_problem(row, mapping->columns[mapping->subject].title,
                    "harus berupa kunci orang (UUID) seperti yang diberikan sistem");
        return;
    }
    jj_uuid_format(uuid, row->subject);
}

static void check_required(struct row *row)
{
    const jj_mapping *mapping = row->recorder->mapping;
    bool person = jj_type_is_person(mapping->type);
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        const jj_leaf *leaf = &mapping->leaves[i];
        bool nik = jj_leaf_is_nik(leaf);
        bool needed = leaf->required || (nik && person && !*row->subject);
        if (needed && cell_of(row, leaf->column).length == 0) {
            add_leaf_problem(row, i, "wajib diisi");
        }
        if (nik && row->record->values[i].size == 18) {
            memcpy(row->record->nik, row->record->data.data + row->record->values[i].start + 1, 16);
        }
    }
}

/* Cells behind the last header: something has shifted, most likely a delimiter in a text. */
static void check_width(struct row *row)
{
    for (size_t i = row->recorder->mapping->column_count; i < row->count; i++) {
        if (row->cells[i].length) {
            add_problem(row, NULL,
                        "baris ini punya lebih banyak kolom daripada judulnya; periksa tanda "
                        "pemisah dan tanda kutip");
            return;
        }
    }
}

/* All that the schema finds wrong, beside what is known already. */
static int check_schema(struct row *row, jj_error *err)
{
    const jj_mapping *mapping = row->recorder->mapping;
    jj_record *record = row->record;
    json_t *value;
    jj_report report = {0};
    int rc = jj_json_load(&value, record->data.data, record->data.size, JJ_FRAME_MAX, err);
    if (rc == JJ_EMEMORY) {
        return rc;
    }
    if (rc) {
        add_problem(row, NULL, "baris ini terlalu panjang");
        return 0;
    }
    bool valid = jj_schema_check(mapping->type->schema, value, &report);
    json_decref(value);
    size_t count = valid ? 0 : report.count < JJ_PROBLEMS_MAX ? report.count : JJ_PROBLEMS_MAX;
    bool told = record->problems.size > 0;
    for (size_t i = 0; i < count; i++) {
        const jj_leaf *leaf = jj_mapping_leaf(mapping, report.list[i].field);
        size_t index = leaf ? (size_t)(leaf - mapping->leaves) : 0;
        if (leaf && record->bad[index]) {
            continue;
        }
        if (!leaf && told) {
            continue; /* a rule over several members: most likely for want of the bad one */
        }
        jj_reason_problem(&record->problems, mapping, &report.list[i]);
        if (leaf) {
            record->bad[index] = true;
        }
    }
    if (!valid && record->problems.size == 0) {
        add_problem(row, NULL, "baris ini tidak sesuai aturan");
    }
    return 0;
}

/* Hex of the keyed hash of what makes the row the one that it is. */
static void write_id(struct row *row, char id[33])
{
    const jj_mapping *mapping = row->recorder->mapping;
    jj_part parts[PARTS_MAX];
    unsigned char hash[16];
    char correction[16];
    size_t count = 0, date = 0;
    bool nik = *row->record->nik != '\0';
    parts[count++] = (jj_part){mapping->type->name, strlen(mapping->type->name)};
    parts[count++] =
        nik ? (jj_part){row->record->nik, 16} : (jj_part){row->subject, strlen(row->subject)};
    for (size_t i = 0; i < mapping->leaf_count && count < PARTS_MAX - 2; i++) {
        const jj_leaf *leaf = &mapping->leaves[i];
        if (strcmp(leaf->pointer, "/date") == 0) {
            date = i;
        } else if (leaf->property->key && !jj_leaf_is_nik(leaf)) {
            parts[count].data = value_of(row, i, &parts[count].size_bytes);
            count++;
        }
    }
    parts[count].data = value_of(row, date, &parts[count].size_bytes);
    count++;
    parts[count].data = correction;
    parts[count++].size_bytes =
        (size_t)snprintf(correction, sizeof correction, "%u", row->correction);
    jj_hash(row->recorder->key, parts, count, hash, sizeof hash);
    jj_hex(hash, sizeof hash, id);
}

/* The leaf that is the event's subject: the entity of the kind that the type is about. */
static const jj_leaf *subject_leaf(const jj_mapping *mapping)
{
    const jj_leaf *found = NULL;
    const char *kind = mapping->type->subject;
    for (size_t i = 0; kind && i < mapping->leaf_count; i++) {
        const jj_property *property = mapping->leaves[i].property;
        if (property->entity && strcmp(property->entity, kind) == 0 &&
            (!found || strcmp(property->name, kind) == 0)) {
            found = &mapping->leaves[i];
        }
    }
    return found;
}

static void write_subject(struct row *row, jj_buf *event)
{
    const jj_mapping *mapping = row->recorder->mapping;
    if (jj_type_is_person(mapping->type)) {
        if (!*row->record->nik) {
            jj_buf_puts(event, ",\"subject\":");
            jj_buf_json_z(event, row->subject);
        }
        return;
    }
    const jj_leaf *leaf = subject_leaf(mapping);
    size_t size = 0;
    const char *key = leaf ? value_of(row, (size_t)(leaf - mapping->leaves), &size) : NULL;
    if (size) {
        jj_buf_puts(event, ",\"subject\":");
        jj_buf_add(event, key, size);
    }
}

static bool event_time(const struct row *row, char time[JJ_TIME_SIZE])
{
    const jj_mapping *mapping = row->recorder->mapping;
    for (size_t i = 0; i < mapping->leaf_count; i++) {
        int year, month, day;
        size_t size;
        const char *date = value_of(row, i, &size);
        if (strcmp(mapping->leaves[i].pointer, "/date") == 0 && size > 2 &&
            jj_date_parse(date + 1, size - 2, &year, &month, &day)) {
            jj_time_format(jj_days_from_date(year, month, day) * DAY_MS + row->correction, time);
            return true;
        }
    }
    return false;
}

static void write_event(struct row *row)
{
    jj_buf *event = &row->record->event;
    char id[33], time[JJ_TIME_SIZE];
    int64_t time_ms;
    if (!event_time(row, time)) {
        add_problem(row, NULL, "tanggal kejadian tidak ada");
        return;
    }
    /* The later time wins: a slip of the pen into the future would win against every correction.
     * Two days cover the zones and a clock that is somewhat wrong. */
    if (jj_time_parse(time, strlen(time), &time_ms) && time_ms > jj_now_ms() + 2 * DAY_MS) {
        add_problem(row, NULL, "tanggal kejadian di masa depan; periksa tahunnya");
        return;
    }
    write_id(row, id);
    jj_buf_printf(event, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":", id);
    jj_buf_json_z(event, row->recorder->cells.source);
    jj_buf_printf(event, ",\"type\":\"%s\",\"time\":\"%s\",\"region\":",
                  row->recorder->mapping->type->name, time);
    jj_buf_json_z(event, row->region);
    write_subject(row, event);
    jj_buf_puts(event, ",\"data\":");
    jj_buf_add(event, row->record->data.data, row->record->data.size);
    jj_buf_putc(event, '}');
    if (event->size > JJ_FRAME_MAX) {
        add_problem(row, NULL, "baris ini terlalu panjang");
    }
}

static int prepare(jj_record *record, size_t leaf_count, jj_error *err)
{
    jj_buf_reset(&record->event);
    jj_buf_reset(&record->problems);
    jj_buf_reset(&record->warnings);
    jj_buf_reset(&record->data);
    if (record->leaf_count != leaf_count) {
        free(record->values);
        free(record->bad);
        record->values = calloc(leaf_count + 1, sizeof *record->values);
        record->bad = calloc(leaf_count + 1, sizeof *record->bad);
        record->leaf_count = leaf_count;
        if (!record->values || !record->bad) {
            record->leaf_count = 0;
            return jj_fail(err, JJ_EMEMORY, "out of memory while reading a row");
        }
    }
    memset(record->values, 0, leaf_count * sizeof *record->values);
    memset(record->bad, 0, leaf_count * sizeof *record->bad);
    record->nik[0] = '\0';
    return 0;
}

int jj_record_make(jj_record *record, const jj_recorder *recorder, const jj_cell *cells,
                   size_t count, jj_error *err)
{
    const jj_mapping *mapping = recorder->mapping;
    struct row row = {.record = record, .recorder = recorder, .cells = cells, .count = count};
    int rc = prepare(record, mapping->leaf_count, err);
    if (rc) {
        return rc;
    }
    jj_buf_putc(&record->data, '{');
    if (!record->data.failed) {
        write_members(&row, mapping->type->properties, mapping->type->property_count);
    }
    jj_buf_putc(&record->data, '}');
    if (record->data.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while reading a row");
    }
    read_region(&row);
    read_correction(&row);
    read_subject(&row);
    check_required(&row);
    check_width(&row);
    rc = check_schema(&row, err);
    if (rc == 0 && record->problems.size == 0) {
        write_event(&row);
        jj_warn_nik(record, recorder);
    }
    if (rc == 0 && (record->event.failed || record->problems.failed || record->warnings.failed)) {
        rc = jj_fail(err, JJ_EMEMORY, "out of memory while reading a row");
    }
    return rc;
}
