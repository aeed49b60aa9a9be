/* Workbooks that are written, read back by the project's own reader and looked at part by part. */
#include "table/package.h"
#include "table/table.h"
#include "table/xlsx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* The finished workbook as a file without a name. */
static int finish(jj_xlsx *xlsx)
{
    jj_buf out = {0};
    jj_error err = {0};
    int fd = memfd_create("workbook", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(jj_xlsx_finish(xlsx, &out, &err), 0);
    assert_int_equal(write(fd, out.data, out.size), (ssize_t)out.size);
    jj_buf_clear(&out);
    jj_xlsx_free(xlsx);
    return fd;
}

static jj_xlsx *begin(const char *sheet)
{
    jj_xlsx *xlsx = NULL;
    assert_int_equal(jj_xlsx_new(&xlsx, sheet, NULL), 0);
    return xlsx;
}

static void expect_row(jj_table *table, const char *const *cells)
{
    jj_row row;
    enum jj_fault fault;
    jj_error err = {0};
    assert_int_equal(jj_table_next(table, &row, &fault, &err), 1);
    for (size_t i = 0; cells[i]; i++) {
        assert_true(i < row.count);
        assert_string_equal(row.cells[i].text, cells[i]);
    }
}

static jj_table *open_table(int fd)
{
    jj_table *table = NULL;
    enum jj_fault fault;
    jj_error err = {0};
    if (jj_table_open(&table, fd, NULL, &fault, &err)) {
        fail_msg("%s", err.text);
    }
    return table;
}

static void what_is_written_can_be_read(void **state)
{
    (void)state;
    static const char *const heading[] = {"Kode", "Nilai", "Bagian", "Tanggal", "Tahun", NULL};
    static const char *const first[] = {"33.75", "1250000", "42,1%", "2026-02-28", "2020", NULL};
    static const char *const second[] = {"=1+1", "", "<\"a\" & b>\n√", "31/02/2026", "tahun", NULL};
    jj_xlsx *xlsx = begin("Uji");
    for (size_t i = 0; heading[i]; i++) {
        jj_xlsx_column(xlsx, heading[i], 10);
    }
    jj_xlsx_text(xlsx, "33.75");
    jj_xlsx_number(xlsx, JJ_XLSX_RUPIAH, "1250000");
    jj_xlsx_number(xlsx, JJ_XLSX_PERCENT, "0.421");
    jj_xlsx_date(xlsx, "2026-02-28");
    jj_xlsx_number(xlsx, JJ_XLSX_GENERAL, "2020");
    jj_xlsx_row(xlsx);
    jj_xlsx_text(xlsx, "=1+1");
    jj_xlsx_empty(xlsx);
    jj_xlsx_text(xlsx, "<\"a\" & b>\n√");
    jj_xlsx_date(xlsx, "31/02/2026");
    jj_xlsx_number(xlsx, JJ_XLSX_COUNT, "tahun");
    jj_xlsx_row(xlsx);
    int fd = finish(xlsx);
    jj_table *table = open_table(fd);
    expect_row(table, heading);
    expect_row(table, first);
    expect_row(table, second);
    jj_row row;
    assert_int_equal(jj_table_next(table, &row, &(enum jj_fault){0}, NULL), 0);
    assert_string_equal(jj_table_form_of(table).sheet, "Uji");
    jj_table_close(table);
    close(fd);
}

static void part_text(int fd, const char *name, char *out, size_t size)
{
    jj_refusal why = {0};
    jj_package *package = NULL;
    jj_part *part = NULL;
    size_t used = 0, got = 0;
    assert_int_equal(jj_package_open(&package, fd, &why), 0);
    assert_int_equal(jj_part_open(&part, package, name, &why), 0);
    do {
        assert_int_equal(jj_part_read(part, out + used, size - used - 1, &got, &why), 0);
        used += got;
    } while (got);
    out[used] = '\0';
    jj_part_close(part);
    jj_package_close(package);
}

static void the_heading_is_bold_and_frozen_and_nothing_is_a_formula(void **state)
{
    (void)state;
    static char sheet[8192], styles[8192];
    jj_xlsx *xlsx = begin("Uji");
    jj_xlsx_column(xlsx, "Nama", 10);
    jj_xlsx_text(xlsx, "=HYPERLINK(\"http://x\")\x1b[31m");
    jj_xlsx_row(xlsx);
    int fd = finish(xlsx);
    part_text(fd, "xl/worksheets/sheet1.xml", sheet, sizeof sheet);
    part_text(fd, "xl/styles.xml", styles, sizeof styles);
    assert_non_null(strstr(sheet, "ySplit=\"1\""));
    assert_non_null(strstr(sheet, "state=\"frozen\""));
    assert_non_null(strstr(sheet, "<autoFilter ref=\"A1:A2\"/>"));
    assert_non_null(strstr(sheet, "s=\"7\" t=\"inlineStr\"><is><t xml:space=\"preserve\">Nama<"));
    assert_non_null(strstr(styles, "<xf numFmtId=\"49\" fontId=\"1\""));
    assert_non_null(strstr(styles, "<font><b/>"));
    assert_null(strstr(sheet, "<f"));
    assert_null(strchr(sheet, '\x1b'));
    close(fd);
}

static void the_same_content_gives_the_same_bytes(void **state)
{
    (void)state;
    jj_buf out[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        jj_xlsx *xlsx = begin("Uji");
        jj_xlsx_column(xlsx, "A", 5);
        jj_xlsx_number(xlsx, JJ_XLSX_COUNT, "12");
        jj_xlsx_row(xlsx);
        assert_int_equal(jj_xlsx_finish(xlsx, &out[i], NULL), 0);
        jj_xlsx_free(xlsx);
    }
    assert_int_equal(out[0].size, out[1].size);
    assert_memory_equal(out[0].data, out[1].data, out[0].size);
    jj_buf_clear(&out[0]);
    jj_buf_clear(&out[1]);
}

static void a_sheet_without_rows_or_with_a_strange_name_is_a_sheet(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "a/b:c*[d]?", "nama yang jauh lebih panjang daripada tiga puluh satu huruf"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        jj_xlsx *xlsx = begin(names[i]);
        jj_xlsx_column(xlsx, "A", 5);
        int fd = finish(xlsx);
        jj_table *table = open_table(fd);
        const char *sheet = jj_table_form_of(table).sheet;
        assert_true(*sheet && strlen(sheet) <= 31 && !strpbrk(sheet, "[]:*?/\\"));
        jj_table_close(table);
        close(fd);
    }
}

static void a_text_longer_than_a_cell_is_cut_between_characters(void **state)
{
    (void)state;
    char *text = malloc(100001);
    assert_non_null(text);
    for (size_t i = 0; i < 100000; i += 2) {
        memcpy(text + i, "é", 2);
    }
    text[100000] = '\0';
    jj_xlsx *xlsx = begin("Uji");
    jj_xlsx_column(xlsx, "A", 5);
    jj_xlsx_text(xlsx, text);
    jj_xlsx_row(xlsx);
    int fd = finish(xlsx);
    jj_table *table = open_table(fd);
    expect_row(table, (const char *[]){"A", NULL});
    jj_row row;
    jj_error err = {0};
    /* 32,767 characters of two bytes: just below the reader's own limit of a cell. */
    assert_int_equal(jj_table_next(table, &row, &(enum jj_fault){0}, &err), 1);
    assert_int_equal(row.cells[0].length, 2 * 32767);
    jj_table_close(table);
    close(fd);
    free(text);
}

static void more_rows_than_a_sheet_has_are_refused(void **state)
{
    (void)state;
    jj_buf out = {0};
    jj_error err = {0};
    jj_xlsx *xlsx = begin("Uji");
    jj_xlsx_column(xlsx, "A", 5);
    for (int i = 0; i < JJ_XLSX_ROWS_MAX; i++) {
        jj_xlsx_row(xlsx);
    }
    assert_int_equal(jj_xlsx_finish(xlsx, &out, &err), JJ_ETOO_LARGE);
    assert_non_null(strstr(err.text, "choose csv"));
    jj_xlsx_free(xlsx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(the_heading_is_bold_and_frozen_and_nothing_is_a_formula),
        cmocka_unit_test(the_same_content_gives_the_same_bytes),
        cmocka_unit_test(a_sheet_without_rows_or_with_a_strange_name_is_a_sheet),
        cmocka_unit_test(a_text_longer_than_a_cell_is_cut_between_characters),
        cmocka_unit_test(more_rows_than_a_sheet_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
