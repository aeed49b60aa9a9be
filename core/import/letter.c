#include "import/letter.h"

#include "table/table.h"

void jj_letter_refused(jj_buf *out, const char *name, const jj_type *type,
                       const jj_import_result *result)
{
    jj_buf_printf(out,
                  "Berkas \"%s\" tidak diterima. Tidak ada yang hilang: berkas aslinya ada di "
                  "folder ini.\n\n%s\nPerbaiki berkas, lalu masukkan lagi ke folder %s.\n",
                  name, result->reason.data ? result->reason.data : "", type->name);
}

static void tell_columns(jj_buf *out, const jj_import_result *result)
{
    for (size_t i = 0; i < result->column_count; i++) {
        const jj_import_column *column = &result->columns[i];
        char letters[JJ_COLUMN_NAME_SIZE];
        jj_column_name(i, letters);
        if (column->spare) {
            jj_buf_printf(out,
                          "- Kolom %s \"%s\" tidak dipakai, karena ada kolom lain yang lebih tepat "
                          "untuk isi yang sama.\n",
                          letters, column->title);
        } else if (!column->target && *column->title) {
            jj_buf_printf(out, "- Kolom %s \"%s\" tidak dikenal dan tidak dipakai.\n", letters,
                          column->title);
        }
    }
}

static void tell_warnings(jj_buf *out, const jj_import_result *result)
{
    uint64_t told = 0;
    for (size_t i = 0; i < result->note_count; i++) {
        if (result->notes[i].warning) {
            jj_buf_printf(out, "- Baris %llu diterima, tetapi periksa lagi: %s.\n",
                          (unsigned long long)result->notes[i].row, result->notes[i].text);
            told++;
        }
    }
    if (result->warnings > told) {
        jj_buf_printf(out, "- %llu baris lain juga perlu diperiksa lagi.\n",
                      (unsigned long long)(result->warnings - told));
    }
}

void jj_letter_remarks(jj_buf *out, const char *name, const jj_import_result *result)
{
    jj_buf remarks = {0};
    if (result->sheets > 1) {
        jj_buf_printf(&remarks,
                      "- Berkas ini punya %u lembar kerja. Hanya lembar \"%s\" yang dibaca; simpan "
                      "lembar lain sebagai berkas sendiri.\n",
                      result->sheets, result->sheet ? result->sheet : "");
    }
    tell_columns(&remarks, result);
    tell_warnings(&remarks, result);
    if (remarks.size) {
        jj_buf_printf(out, "Catatan untuk berkas \"%s\", yang sudah dibaca:\n\n%s", name,
                      remarks.data);
    }
    out->failed = out->failed || remarks.failed;
    jj_buf_clear(&remarks);
}
