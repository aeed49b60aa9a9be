#include "table/workbook.h"

#include "table/strings.h"
#include "table/styles.h"
#include "table/table.h"
#include "table/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHEETS_MAX 1000
#define ID_SIZE    64

/* What the index files of a workbook tell. */
struct parts {
    jj_workbook *book;
    jj_xml *xml;
    const char *wanted; /* sheet; NULL: the first visible one */
    char folder[JJ_PART_NAME_SIZE];
    char sheet_id[ID_SIZE]; /* relation of the chosen sheet */
    bool is_workbook;
    unsigned sheets;
    char main[JJ_PART_NAME_SIZE], sheet[JJ_PART_NAME_SIZE];
    char strings[JJ_PART_NAME_SIZE], styles[JJ_PART_NAME_SIZE];
};

static void ignore_end(void *arg, const char *name)
{
    (void)arg, (void)name;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A relation's target is relative to the folder of the part that has it, or absolute. */
static void set_target(struct parts *parts, char out[JJ_PART_NAME_SIZE], const char *target)
{
    const char *folder = *target == '/' ? "" : parts->folder;
    target += *target == '/';
    int length = snprintf(out, JJ_PART_NAME_SIZE, "%s%s", folder, target);
    if (length < 0 || length >= JJ_PART_NAME_SIZE) {
        *out = '\0';
    }
}

static void on_relation(void *arg, const char *name, const char **attributes)
{
    struct parts *parts = arg;
    const char *type = jj_xml_attribute(attributes, "Type");
    const char *target = jj_xml_attribute(attributes, "Target");
    const char *id = jj_xml_attribute(attributes, "Id");
    if (strcmp(name, "Relationship") != 0 || !type || !target || !id) {
        return;
    }
    if (ends_with(type, "/officeDocument")) {
        set_target(parts, parts->main, target);
    } else if (ends_with(type, "/sharedStrings")) {
        set_target(parts, parts->strings, target);
    } else if (ends_with(type, "/styles")) {
        set_target(parts, parts->styles, target);
    } else if (ends_with(type, "/worksheet") && strcmp(id, parts->sheet_id) == 0) {
        set_target(parts, parts->sheet, target);
    }
}

static void choose_sheet(struct parts *parts, const char *name, const char *id)
{
    char *copy = strdup(name);
    if (!copy) {
        jj_xml_fail(parts->xml, JJ_FAULT_NONE, JJ_EMEMORY, "out of memory while reading a table");
        return;
    }
    free(parts->book->sheet);
    parts->book->sheet = copy;
    snprintf(parts->sheet_id, sizeof parts->sheet_id, "%s", id);
}

static void on_workbook(void *arg, const char *name, const char **attributes)
{
    struct parts *parts = arg;
    parts->is_workbook = parts->is_workbook || strcmp(name, "workbook") == 0;
    if (strcmp(name, "workbookPr") == 0) {
        const char *value = jj_xml_attribute(attributes, "date1904");
        parts->book->date1904 = value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
        return;
    }
    const char *title = jj_xml_attribute(attributes, "name");
    const char *id = jj_xml_attribute(attributes, "id");
    const char *state = jj_xml_attribute(attributes, "state");
    if (strcmp(name, "sheet") != 0 || !title || !id) {
        return;
    }
    bool visible = !state || strcmp(state, "visible") == 0;
    parts->book->visible += visible;
    if (++parts->sheets > SHEETS_MAX) {
        jj_xml_fail(parts->xml, JJ_FAULT_WORKBOOK, JJ_ETOO_LARGE,
                    "the workbook has too many sheets");
    } else if (!parts->book->sheet &&
               (parts->wanted ? strcasecmp(title, parts->wanted) == 0 : visible)) {
        choose_sheet(parts, title, id);
    }
}

/* The folder of a part with its slash, and the part that holds its relations. */
static void relations_of(struct parts *parts, const char *part, char out[JJ_PART_NAME_SIZE + 16])
{
    const char *slash = strrchr(part, '/');
    int length = slash ? (int)(slash - part) + 1 : 0;
    snprintf(parts->folder, sizeof parts->folder, "%.*s", length, part);
    snprintf(out, JJ_PART_NAME_SIZE + 16, "%s_rels/%s.rels", parts->folder, part + length);
}

static int no_workbook(jj_refusal *why)
{
    return jj_refuse(why, JJ_FAULT_NOT_WORKBOOK, JJ_EMALFORMED,
                     "a ZIP archive, but no workbook (XLSX) in it");
}

static int find_parts(struct parts *parts, jj_package *package, jj_refusal *why)
{
    static const jj_xml_handlers relations = {on_relation, ignore_end, NULL};
    static const jj_xml_handlers workbook = {on_workbook, ignore_end, NULL};
    char name[JJ_PART_NAME_SIZE + 16];
    int rc = jj_xml_read(package, "_rels/.rels", &relations, parts, &parts->xml, why);
    if (rc == JJ_ENOTFOUND || (rc == 0 && !*parts->main)) {
        return no_workbook(why);
    }
    if (rc) {
        return rc;
    }
    rc = jj_xml_read(package, parts->main, &workbook, parts, &parts->xml, why);
    if (rc == JJ_ENOTFOUND || (rc == 0 && !parts->is_workbook)) {
        return no_workbook(why);
    }
    if (rc) {
        return rc;
    }
    if (!parts->book->sheet) {
        return jj_refuse(why, JJ_FAULT_SHEET, JJ_ENOTFOUND, "the workbook has no %s",
                         parts->wanted ? "sheet of that name" : "visible sheet");
    }
    relations_of(parts, parts->main, name);
    rc = jj_xml_read(package, name, &relations, parts, &parts->xml, why);
    if (rc) {
        return rc == JJ_ENOTFOUND ? no_workbook(why) : rc;
    }
    if (!*parts->sheet) {
        return jj_refuse(why, JJ_FAULT_SHEET, JJ_ENOTFOUND, "the sheet is no table of cells");
    }
    return 0;
}

int jj_workbook_read(jj_workbook *book, jj_package *package, const char *sheet, jj_refusal *why)
{
    struct parts *parts = calloc(1, sizeof *parts);
    if (!parts) {
        return jj_refuse_memory(why);
    }
    parts->book = book;
    parts->wanted = sheet;
    int rc = find_parts(parts, package, why);
    if (rc == 0 && *parts->styles) {
        rc = jj_styles_read(book, package, parts->styles, why);
    }
    if (rc == 0 && *parts->strings) {
        rc = jj_strings_read(book, package, parts->strings, why);
    }
    if (rc == 0) {
        snprintf(book->part, sizeof book->part, "%s", parts->sheet);
    }
    free(parts);
    return rc;
}

void jj_workbook_clear(jj_workbook *book)
{
    free(book->sheet);
    jj_buf_clear(&book->strings);
    free(book->string_at);
    free(book->styles);
    *book = (jj_workbook){0};
}
