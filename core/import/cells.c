#include "import/cells.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "event/key.h"
#include "import/choices.h"
#include "import/dates.h"
#include "import/numbers.h"

#include <string.h>

#define FOLDED_SIZE 256
#define ITEMS_MAX   64 /* of an array in one cell */

/* Properties whose texts are entries of vocations.csv. The second is lenient: a text that is no
 * vocation stays as it is (a service may be a KBLI code or plain words). */
static bool is_vocation(const jj_property *property)
{
    return strcmp(property->name, "vocation") == 0 || strcmp(property->name, "vocations") == 0;
}

static bool is_service(const jj_property *property)
{
    return strcmp(property->name, "service") == 0;
}

static bool fail(jj_buf *why, const char *reason)
{
    jj_buf_puts(why, reason);
    return false;
}

/* "did you mean" for an entry of a reference list. */
static bool fail_hint(jj_buf *why, const char *reason, const jj_buf *hint)
{
    jj_buf_puts(why, reason);
    if (hint->size) {
        jj_buf_printf(why, "; mungkin maksudnya: %s", hint->data);
    }
    why->failed = why->failed || hint->failed;
    return false;
}

/* The reason without the "NIK " that begins it: the column's title says that. */
static bool fail_nik(jj_buf *why, enum jj_nik_verdict verdict)
{
    const char *reason = jj_nik_problem_id(verdict);
    return fail(why, strncmp(reason, "NIK ", 4) == 0 ? reason + 4 : reason);
}

bool jj_cell_nik(const char *text, size_t length, char nik[17], jj_buf *why)
{
    size_t put = 0;
    if (jj_number_is_scientific(text, length)) {
        return fail_nik(why, JJ_NIK_SCIENTIFIC);
    }
    for (size_t i = 0; i < length; i++) {
        if (strchr("' .-\n\t", text[i])) {
            continue;
        }
        if (put == 16) {
            return fail_nik(why, JJ_NIK_LENGTH);
        }
        nik[put++] = text[i];
    }
    nik[put] = '\0';
    enum jj_nik_verdict verdict = jj_nik_check(nik, put);
    return verdict == JJ_NIK_OK || fail_nik(why, verdict);
}

bool jj_cell_region(const jj_cells *cells, const char *text, size_t length, const char **code,
                    jj_buf *why)
{
    jj_buf hint = {0};
    bool found = false;
    switch (jj_reference_region(cells->reference, text, length, code, &hint)) {
    case JJ_MATCH_ONE:
        found = true;
        break;
    case JJ_MATCH_NO_DOT:
        fail(why, "kode wilayah harus ditulis dengan titik, misalnya 33.75; tanpa titik tidak "
                  "diterima karena kode BPS dengan angka yang sama dapat berarti daerah lain");
        break;
    case JJ_MATCH_MANY:
        fail_hint(why, "nama wilayah ini dipakai lebih dari satu daerah", &hint);
        break;
    case JJ_MATCH_NONE:
    default:
        fail_hint(why, "wilayah tidak dikenal; tulis kode Kemendagri seperti 33.75", &hint);
    }
    jj_buf_clear(&hint);
    return found;
}

static bool read_region(const jj_cells *cells, const char *text, size_t length, jj_buf *json,
                        jj_buf *why)
{
    const char *code;
    if (!jj_cell_region(cells, text, length, &code, why)) {
        return false;
    }
    jj_buf_json_z(json, code);
    return true;
}

static bool read_vocation(const jj_cells *cells, const char *text, size_t length, jj_buf *json,
                          jj_buf *why)
{
    const char *slug;
    jj_buf hint = {0};
    bool found =
        jj_reference_vocation(cells->reference, text, length, &slug, &hint) == JJ_MATCH_ONE;
    if (found) {
        jj_buf_json_z(json, slug);
    } else {
        fail_hint(why, "kejuruan tidak dikenal", &hint);
    }
    jj_buf_clear(&hint);
    return found;
}

static bool read_service(const jj_cells *cells, const char *text, size_t length, jj_buf *json)
{
    const char *slug;
    if (jj_reference_vocation(cells->reference, text, length, &slug, NULL) == JJ_MATCH_ONE) {
        jj_buf_json_z(json, slug);
    } else {
        jj_buf_json(json, text, length);
    }
    return true;
}

static bool read_uuid(const char *text, size_t length, jj_buf *json, jj_buf *why)
{
    unsigned char uuid[16];
    char canonical[JJ_UUID_SIZE];
    if (!jj_uuid_parse(text, length, uuid)) {
        return fail(why, "harus berupa kunci (UUID) seperti yang diberikan sistem");
    }
    jj_uuid_format(uuid, canonical);
    jj_buf_json_z(json, canonical);
    return true;
}

/* An agency's own code becomes the entity's key. A key of ours (UUID version 8) is taken as it is:
 * so an agency can speak of another's vacancy. */
static bool read_entity(const jj_cells *cells, const jj_property *property, const char *text,
                        size_t length, jj_buf *json)
{
    unsigned char uuid[16];
    char key[JJ_UUID_SIZE];
    if (jj_uuid_parse(text, length, uuid) && uuid[6] >> 4 == 8) {
        jj_uuid_format(uuid, key);
    } else {
        jj_entity_key(property->entity, cells->source, text, key);
    }
    jj_buf_json_z(json, key);
    return true;
}

static bool read_time(const char *text, size_t length, jj_buf *json, jj_buf *why)
{
    char date[JJ_DATE_SIZE];
    int64_t time_ms;
    const char *problem;
    if (jj_time_parse(text, length, &time_ms)) {
        jj_buf_json(json, text, length);
        return true;
    }
    if (!jj_date_read(text, length, date, &problem)) {
        return fail(why, problem);
    }
    jj_buf_printf(json, "\"%sT00:00:00Z\"", date);
    return true;
}

static bool read_string(const jj_cells *cells, const jj_property *property, const char *text,
                        size_t length, jj_buf *json, jj_buf *why)
{
    const char *format = property->format ? property->format : "", *problem;
    char date[JJ_DATE_SIZE], nik[17];
    if (property->entity) {
        return read_entity(cells, property, text, length, json);
    }
    if (strcmp(format, "date") == 0) {
        if (!jj_date_read(text, length, date, &problem)) {
            return fail(why, problem);
        }
        jj_buf_json_z(json, date);
        return true;
    }
    if (strcmp(format, "nik") == 0) {
        if (!jj_cell_nik(text, length, nik, why)) {
            return false;
        }
        jj_buf_json_z(json, nik);
        return true;
    }
    if (strcmp(format, "date-time") == 0) {
        return read_time(text, length, json, why);
    }
    if (strcmp(format, "uuid") == 0) {
        return read_uuid(text, length, json, why);
    }
    if (strcmp(format, "region") == 0) {
        return read_region(cells, text, length, json, why);
    }
    if (is_vocation(property)) {
        return read_vocation(cells, text, length, json, why);
    }
    if (is_service(property)) {
        return read_service(cells, text, length, json);
    }
    jj_buf_json(json, text, length);
    return true;
}

static bool read_number(const char *text, size_t length, bool integer, jj_buf *json, jj_buf *why)
{
    char number[JJ_NUMBER_TEXT];
    const char *problem;
    if (!jj_number_read(text, length, integer, number, &problem)) {
        return fail(why, problem);
    }
    jj_buf_puts(json, number);
    return true;
}

static bool read_boolean(const char *text, size_t length, jj_buf *json, jj_buf *why)
{
    static const char *const words[2][12] = {
        {"tidak", "t", "0", "salah", "false", "tdk", "no", "n", "bukan", "tidakada", "belum", NULL},
        {"ya", "y", "1", "benar", "true", "iya", "yes", "betul", "ada", "sudah", NULL, NULL},
    };
    char folded[FOLDED_SIZE];
    jj_fold(text, length, folded, sizeof folded);
    for (int value = 0; value < 2; value++) {
        for (size_t i = 0; words[value][i]; i++) {
            if (strcmp(words[value][i], folded) == 0) {
                jj_buf_puts(json, value ? "true" : "false");
                return true;
            }
        }
    }
    return fail(why, "harus diisi ya atau tidak");
}

static bool read_scalar(const jj_cells *cells, const jj_property *property, enum jj_kind kind,
                        const char *text, size_t length, jj_buf *json, jj_buf *why)
{
    const json_t *known = jj_choice_find(property, text, length);
    if (known) {
        jj_choice_write(known, json);
        return true;
    }
    if (property->choices) {
        jj_choice_tell(property, why);
        return false;
    }
    switch (kind) {
    case JJ_KIND_INTEGER:
    case JJ_KIND_NUMBER:
        return read_number(text, length, kind == JJ_KIND_INTEGER, json, why);
    case JJ_KIND_BOOLEAN:
        return read_boolean(text, length, json, why);
    case JJ_KIND_STRING:
        return read_string(cells, property, text, length, json, why);
    case JJ_KIND_ARRAY:
    case JJ_KIND_OBJECT:
    default:
        return fail(why, "kolom ini tidak dapat diisi dari berkas");
    }
}

static size_t trim(const char **text, size_t length)
{
    while (length && (**text == ' ' || **text == '\n' || **text == '\t')) {
        (*text)++;
        length--;
    }
    while (length && ((*text)[length - 1] == ' ' || (*text)[length - 1] == '\n')) {
        length--;
    }
    return length;
}

static void cut(jj_buf *buf, size_t size)
{
    if (buf->data) {
        buf->size = size;
        buf->data[size] = '\0';
    }
}

/* True for a text that is in the property's vocabulary as a whole. */
static bool is_item(const jj_cells *cells, const jj_property *property, const char *text,
                    size_t length)
{
    const char *slug;
    length = trim(&text, length);
    return jj_choice_find(property, text, length) ||
           (is_vocation(property) &&
            jj_reference_vocation(cells->reference, text, length, &slug, NULL) == JJ_MATCH_ONE);
}

static size_t until(const char *text, size_t length, const char *marks)
{
    size_t size = 0;
    while (size < length && !strchr(marks, text[size])) {
        size++;
    }
    return size;
}

/* How long the next item is. A slash divides only what is no item as a whole ("Las MIG/MAG"). */
static size_t item_length(const jj_cells *cells, const jj_property *property, const char *text,
                          size_t length)
{
    if (is_item(cells, property, text, length)) {
        return length;
    }
    size_t size = until(text, length, ";,|\n");
    return is_item(cells, property, text, size) ? size : until(text, size, "/");
}

struct items {
    size_t starts[ITEMS_MAX], ends[ITEMS_MAX]; /* of the values in the JSON text */
    size_t count;
};

static bool is_repeated(const jj_buf *json, const struct items *items, size_t start)
{
    size_t size = json->size - start;
    for (size_t i = 0; i < items->count; i++) {
        if (items->ends[i] - items->starts[i] == size &&
            memcmp(json->data + items->starts[i], json->data + start, size) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_item(const jj_cells *cells, const jj_property *property, const char *text,
                      size_t length, struct items *items, jj_buf *json, jj_buf *why)
{
    size_t before = json->size;
    jj_buf copy = {0}; /* entity codes want a NUL behind them */
    if (items->count == ITEMS_MAX) {
        return fail(why, "isinya terlalu banyak");
    }
    jj_buf_puts(json, items->count ? "," : "");
    size_t start = json->size;
    jj_buf_add(&copy, text, length);
    json->failed = json->failed || copy.failed;
    bool good =
        !copy.failed && read_scalar(cells, property, property->items, copy.data, length, json, why);
    jj_buf_clear(&copy);
    if (good && is_repeated(json, items, start)) {
        cut(json, before);
    } else if (good) {
        items->starts[items->count] = start;
        items->ends[items->count++] = json->size;
    }
    return good;
}

/* Items between ; , / | or line breaks. */
static bool read_array(const jj_cells *cells, const jj_property *property, const char *text,
                       size_t length, jj_buf *json, jj_buf *why)
{
    size_t before = json->size;
    struct items items = {.count = 0};
    jj_buf_putc(json, '[');
    while (length) {
        size_t size = item_length(cells, property, text, length);
        const char *item = text;
        size_t trimmed = trim(&item, size);
        if (trimmed && !read_item(cells, property, item, trimmed, &items, json, why)) {
            cut(json, before);
            return false;
        }
        size += size < length;
        text += size;
        length -= size;
    }
    jj_buf_putc(json, ']');
    return true;
}

/* What Excel puts in a cell whose formula has failed. */
static bool is_excel_error(const char *text)
{
    static const char *const errors[] = {"#N/A",   "#REF!", "#VALUE!", "#DIV/0!",
                                         "#NAME?", "#NUM!", "#NULL!",  "#GETTING_DATA"};
    for (size_t i = 0; *text == '#' && i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(text, errors[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool jj_cell_value(const jj_cells *cells, const jj_property *property, const char *text,
                   size_t length, jj_buf *json, jj_buf *why)
{
    if (is_excel_error(text)) {
        return fail(why, "rumus Excel di sel ini gagal; isi dengan nilai yang benar");
    }
    if (property->kind == JJ_KIND_ARRAY) {
        return read_array(cells, property, text, length, json, why);
    }
    return read_scalar(cells, property, property->kind, text, length, json, why);
}
