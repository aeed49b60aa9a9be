/*
 * Workbooks. Bytes that begin like a ZIP archive are tried as they are; others become the XML of a
 * workbook that is packed around them (stored, with right checksums), because a fuzzer hardly ever
 * finds a valid archive: the first byte says which part they replace.
 */
#include "any_file.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS    6
#define RELATION "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static const struct part {
    const char *name, *text;
} parts[PARTS] = {
    {"_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"" RELATION
                    "officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
    {"xl/workbook.xml", "<workbook><sheets><sheet name=\"A\" r:id=\"b\"/></sheets></workbook>"},
    {"xl/_rels/workbook.xml.rels",
     "<Relationships><Relationship Id=\"b\" Type=\"" RELATION
     "worksheet\" Target=\"sheet.xml\"/><Relationship Id=\"c\" Type=\"" RELATION
     "sharedStrings\" Target=\"strings.xml\"/><Relationship Id=\"d\" Type=\"" RELATION
     "styles\" Target=\"styles.xml\"/></Relationships>"},
    {"xl/strings.xml", "<sst><si><t>NIK</t></si><si><t>Tanggal</t></si><si><t>Las</t></si></sst>"},
    {"xl/styles.xml", "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\"/>"
                      "</numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs>"
                      "</styleSheet>"},
    {"xl/sheet.xml",
     "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1"
     "</v></c></row><row r=\"2\"><c r=\"B2\" s=\"1\"><v>43566</v></c></row></sheetData>"
     "</worksheet>"},
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_import_begin();
    return 0;
}

static void add_part(zip_t *zip, const char *name, const void *data, size_t size)
{
    zip_source_t *source = zip_source_buffer(zip, data, size, 0);
    zip_int64_t index = zip_file_add(zip, name, source, 0);
    if (index < 0) {
        abort();
    }
    zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0);
}

/* The workbook with one part replaced; free the result. */
static void *pack(size_t which, const uint8_t *data, size_t size, size_t *packed)
{
    zip_error_t error;
    zip_source_t *archive = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_source_keep(archive);
    zip_t *zip = zip_open_from_source(archive, ZIP_TRUNCATE, &error);
    for (size_t i = 0; i < PARTS; i++) {
        add_part(zip, parts[i].name, i == which ? (const void *)data : parts[i].text,
                 i == which ? size : strlen(parts[i].text));
    }
    zip_close(zip);
    zip_stat_t st;
    zip_source_stat(archive, &st);
    void *out = malloc(st.size);
    zip_source_open(archive);
    *packed = (size_t)zip_source_read(archive, out, st.size);
    zip_source_close(archive);
    zip_source_free(archive);
    return out;
}

static void read_all(const uint8_t *data, size_t size)
{
    fuzz_read_table(data, size);
    fuzz_import_file("fuzz.xlsx", data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t packed;
    if (size < 2 || (data[0] == 'P' && data[1] == 'K')) {
        read_all(data, size);
        return 0;
    }
    uint8_t *archive = pack(data[0] % PARTS, data + 1, size - 1, &packed);
    read_all(archive, packed);
    free(archive);
    return 0;
}
