#include "import/reasons.h"

#include "import/choices.h"

#include <stdio.h>
#include <string.h>

void jj_reason_add(jj_buf *out, const char *title, const char *why)
{
    if (out->size) {
        jj_buf_puts(out, "; ");
    }
    if (title) {
        jj_buf_printf(out, "%s: ", title);
    }
    jj_buf_puts(out, why);
}

/* The last number in the validator's line ("at most 100"), which is the bound. */
static void bound_of(const char *expected, char out[32])
{
    const char *at = strpbrk(expected, "0123456789");
    size_t length = at ? strspn(at, "0123456789.") : 0;
    if (at && at > expected && at[-1] == '-') {
        at--;
        length++;
    }
    snprintf(out, 32, "%.*s", (int)length, at ? at : "");
}

static void tell_format(const jj_property *property, jj_buf *why)
{
    const char *format = property && property->format ? property->format : "";
    if (strcmp(format, "date") == 0) {
        jj_buf_puts(why, "bukan tanggal; tulis seperti 31/12/2019");
    } else if (strcmp(format, "nik") == 0) {
        jj_buf_puts(why, "NIK tidak sah");
    } else if (strcmp(format, "region") == 0) {
        jj_buf_puts(why, "bukan kode wilayah Kemendagri seperti 33.75");
    } else {
        jj_buf_puts(why, "bentuknya tidak sesuai");
    }
}

/* Keywords whose reason is one phrase, with the bound where %s stands. */
static const struct phrase {
    const char *keyword, *text;
} phrases[] = {
    {"required", "wajib diisi"},
    {"dependentRequired", "wajib diisi"},
    {"type", "jenis isinya salah"},
    {"minimum", "tidak boleh kurang dari %s"},
    {"exclusiveMinimum", "harus lebih dari %s"},
    {"maximum", "tidak boleh lebih dari %s"},
    {"exclusiveMaximum", "harus kurang dari %s"},
    {"multipleOf", "harus kelipatan %s"},
    {"minLength", "terlalu pendek, paling sedikit %s huruf"},
    {"maxLength", "terlalu panjang, paling banyak %s huruf"},
    {"minItems", "isinya kurang, paling sedikit %s"},
    {"maxItems", "isinya terlalu banyak, paling banyak %s"},
    {"uniqueItems", "ada isi yang berulang"},
    {"pattern", "bentuknya tidak sesuai"},
    {"additionalProperties", "tidak boleh diisi"},
    {"false", "tidak boleh diisi"},
    {"not", "tidak boleh diisi seperti ini"},
};

static void tell_keyword(const jj_property *property, const jj_problem *problem, jj_buf *why)
{
    const char *keyword = problem->keyword ? problem->keyword : "";
    if (strcmp(keyword, "format") == 0) {
        tell_format(property, why);
        return;
    }
    if ((strcmp(keyword, "enum") == 0 || strcmp(keyword, "const") == 0) && property &&
        property->choices) {
        jj_choice_tell(property, why);
        return;
    }
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (strcmp(phrases[i].keyword, keyword) == 0) {
            char bound[32];
            const char *mark = strstr(phrases[i].text, "%s");
            size_t before = mark ? (size_t)(mark - phrases[i].text) : strlen(phrases[i].text);
            bound_of(problem->expected, bound);
            jj_buf_add(why, phrases[i].text, before);
            if (mark) {
                jj_buf_puts(why, bound);
                jj_buf_puts(why, mark + 2);
            }
            return;
        }
    }
    jj_buf_puts(why, "tidak sesuai aturan");
}

void jj_reason_problem(jj_buf *out, const jj_mapping *mapping, const jj_problem *problem)
{
    const jj_leaf *leaf = jj_mapping_leaf(mapping, problem->field);
    jj_buf why = {0};
    tell_keyword(leaf ? leaf->property : NULL, problem, &why);
    jj_reason_add(out, leaf ? jj_mapping_title(mapping, leaf) : NULL, why.failed ? "" : why.data);
    out->failed = out->failed || why.failed;
    jj_buf_clear(&why);
}

static const char *verdict_text(int code)
{
    switch (code) {
    case JJ_ECONFLICT:
        return "data ini sudah pernah dikirim dengan isi lain; untuk mengoreksi, tambahkan kolom "
               "\"koreksi\" dan isi dengan 1 (koreksi berikutnya 2, dan seterusnya)";
    case JJ_EFORBIDDEN:
    case JJ_EUNAUTHORISED:
        return "unit Anda tidak berhak mengirim data jenis ini untuk wilayah ini";
    case JJ_EUNKNOWN_TYPE:
        return "jenis data ini belum dikenal sistem";
    case JJ_ETOO_LARGE:
        return "baris ini terlalu panjang";
    case JJ_EMALFORMED:
        return "isi baris ini tidak dapat dibaca sistem";
    default:
        return "tidak sesuai aturan";
    }
}

void jj_reason_verdict(jj_buf *out, const jj_mapping *mapping, const jj_import_verdict *verdict)
{
    const jj_leaf *leaf = NULL;
    const char *title = NULL;
    bool about_field = verdict->code == JJ_EINVALID || verdict->code == JJ_EMALFORMED;
    if (mapping && about_field && *verdict->field) {
        leaf = jj_mapping_leaf(mapping, verdict->field);
        title = leaf ? jj_mapping_title(mapping, leaf) : NULL;
        if (!leaf && strcmp(verdict->field, "/region") == 0) {
            title = "Wilayah";
        }
    } else if (about_field && *verdict->field) {
        title = verdict->field;
    }
    jj_reason_add(out, title, verdict_text(verdict->code));
}

static const char *fault_text(enum jj_fault fault)
{
    switch (fault) {
    case JJ_FAULT_EMPTY:
        return "Berkas ini kosong.";
    case JJ_FAULT_NOT_TABLE:
        return "Berkas ini bukan tabel. Kirim berkas CSV atau Excel (.xlsx).";
    case JJ_FAULT_OLD_EXCEL:
        return "Berkas ini Excel lama (.xls) atau memakai kata sandi. Buka di Excel, lalu simpan "
               "sebagai Excel Workbook (.xlsx) tanpa kata sandi, atau sebagai CSV UTF-8.";
    case JJ_FAULT_WEB_PAGE:
        return "Berkas ini halaman web, bukan tabel, walaupun namanya seperti Excel. Buka di "
               "Excel, lalu simpan sebagai Excel Workbook (.xlsx).";
    case JJ_FAULT_ENCODING:
        return "Huruf dalam berkas ini tidak dapat dibaca. Simpan sebagai CSV UTF-8 atau Excel "
               "(.xlsx).";
    case JJ_FAULT_OPEN_QUOTE:
        return "Ada tanda kutip (\") yang dibuka tetapi tidak ditutup.";
    case JJ_FAULT_CELL_SIZE:
        return "Ada sel yang terlalu panjang (lebih dari 64 KiB). Mungkin ada tanda kutip (\") "
               "yang tidak ditutup.";
    case JJ_FAULT_COLUMNS:
        return "Ada baris dengan lebih dari 1000 kolom.";
    case JJ_FAULT_SIZE:
        return "Berkas ini terlalu besar. Bagi menjadi beberapa berkas, atau simpan sebagai CSV.";
    case JJ_FAULT_WORKBOOK:
        return "Berkas Excel ini rusak. Buka di Excel, simpan lagi, lalu kirim ulang.";
    case JJ_FAULT_NOT_WORKBOOK:
        return "Berkas ini bukan Excel (.xlsx). Kalau berasal dari LibreOffice (.ods) atau Google "
               "Sheets, simpan atau unduh sebagai Excel (.xlsx) atau CSV, lalu kirim ulang.";
    case JJ_FAULT_SHEET:
        return "Lembar kerja (sheet) yang diminta tidak ada di berkas Excel ini.";
    case JJ_FAULT_NONE:
    default:
        return "Berkas ini tidak dapat dibaca.";
    }
}

void jj_reason_fault(jj_buf *out, enum jj_fault fault, const jj_error *err)
{
    jj_buf_puts(out, fault_text(fault));
    if (err->line > 0) {
        jj_buf_printf(out, " Letaknya di baris %d", err->line);
        if (err->column > 0) {
            char name[JJ_COLUMN_NAME_SIZE];
            jj_column_name((size_t)err->column - 1, name);
            jj_buf_printf(out, ", kolom %s", name);
        }
        jj_buf_puts(out, ".");
    }
    jj_buf_putc(out, '\n');
}
