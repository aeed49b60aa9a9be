/*
 * The reports: an entry each, of what is asked of the warehouse and how its columns are shown. What
 * the figures mean is defined in schemas/warehouse/ (define-80-reports.sql, README.md).
 */
#include "ctl/reports.h"

#include "ctl/completeness.h"
#include "ctl/inclusion.h"
#include "ctl/tabular.h"

/* Region columns, as every report has them. */
#define REGION                                                                                     \
    {"region", "Kode wilayah", JJ_COLUMN_CODE, NULL, false},                                       \
    {                                                                                              \
        "region_name", "Wilayah", JJ_COLUMN_NAME, NULL, false                                      \
    }

#define REGION_FLAG                                                                                \
    {                                                                                              \
        "region", "CODE", "only this region (33.75), or all of a province (33)"                    \
    }

/* ---- Tracer ------------------------------------------------------------------------------- */

static const char *const waves[] = {"1m", "6m", "12m", NULL};

const jj_flag jj_tracer_flags[] = {
    {"due", NULL, "the list of who is to be called, instead of how many they are"},
    REGION_FLAG,
    {"wave", "WORD", "only who has come to this wave: 1m, 6m or 12m"},
    {"as-of", "DATE", "the state on that day (today)"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param tracer_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"wave", JJ_PARAM_WORD, waves, NULL},
    {"as-of", JJ_PARAM_DATE, NULL, NULL},
    {0},
};

static const jj_column_word wave_words[] = {
    {"1m", "1 bulan"}, {"6m", "6 bulan"}, {"12m", "12 bulan"}, {0}};

static const jj_column tracer_columns[] = {
    REGION,
    {"due", "Perlu dihubungi", JJ_COLUMN_COUNT, NULL, false},
    {"due_1m", "Sesudah 1 bulan", JJ_COLUMN_COUNT, NULL, false},
    {"due_6m", "Sesudah 6 bulan", JJ_COLUMN_COUNT, NULL, false},
    {"due_12m", "Sesudah 12 bulan", JJ_COLUMN_COUNT, NULL, false},
    {"oldest", "Lulus paling awal", JJ_COLUMN_DATE, NULL, false},
    {0},
};

static const jj_column due_columns[] = {
    {"person", "Kunci orang", JJ_COLUMN_CODE, NULL, false},
    REGION,
    {"vocation", "Kejuruan", JJ_COLUMN_TEXT, NULL, false},
    {"batch", "Angkatan", JJ_COLUMN_TEXT, NULL, false},
    {"year", "Tahun", JJ_COLUMN_NUMBER, NULL, false},
    {"graduated_on", "Tanggal lulus", JJ_COLUMN_DATE, NULL, false},
    {"due_wave", "Gelombang", JJ_COLUMN_WORD, wave_words, false},
    {"due_on", "Jatuh tempo", JJ_COLUMN_DATE, NULL, false},
    {"days_overdue", "Lewat (hari)", JJ_COLUMN_COUNT, NULL, false},
    {0},
};

/* ---- Vacancies ---------------------------------------------------------------------------- */

const jj_flag jj_vacancies_flags[] = {
    {"open", NULL, "only those that are open"},
    {"filled", NULL, "only those that are filled"},
    REGION_FLAG,
    {"from", "DATE", "opened, or come to their state, on that day or later"},
    {"to", "DATE", "and not later than that day"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param vacancies_params[] = {
    {"open", JJ_PARAM_FLAG, NULL, NULL},     {"filled", JJ_PARAM_FLAG, NULL, NULL},
    {"region", JJ_PARAM_REGION, NULL, NULL}, {"from", JJ_PARAM_DATE, NULL, NULL},
    {"to", JJ_PARAM_DATE, NULL, NULL},       {0},
};

static const jj_column_word vacancy_states[] = {{"open", "terbuka"},
                                                {"filled", "terisi"},
                                                {"expired", "kedaluwarsa"},
                                                {"withdrawn", "ditarik"},
                                                {0}};

static const jj_column_word vacancy_kinds[] = {
    {"employment", "kerja"}, {"internship", "magang"}, {0}};

static const jj_column vacancies_columns[] = {
    REGION,
    {"employer", "Pemberi kerja", JJ_COLUMN_TEXT, NULL, false},
    {"title", "Jabatan", JJ_COLUMN_TEXT, NULL, false},
    {"headcount", "Dibutuhkan", JJ_COLUMN_COUNT, NULL, false},
    {"filled", "Terisi", JJ_COLUMN_COUNT, NULL, false},
    {"status", "Keadaan", JJ_COLUMN_WORD, vacancy_states, false},
    {"status_on", "Sejak", JJ_COLUMN_DATE, NULL, false},
    {"opened_on", "Dibuka", JJ_COLUMN_DATE, NULL, true},
    {"valid_until", "Berlaku sampai", JJ_COLUMN_DATE, NULL, false},
    {"kind", "Jenis", JJ_COLUMN_WORD, vacancy_kinds, false},
    {"occupation", "Kelompok jabatan", JJ_COLUMN_TEXT, NULL, true},
    {"vocations", "Kejuruan", JJ_COLUMN_TEXT, NULL, true},
    {"requirements", "Persyaratan", JJ_COLUMN_TEXT, NULL, true},
    {"wage_min", "Upah terendah", JJ_COLUMN_RUPIAH, NULL, true},
    {"wage_max", "Upah tertinggi", JJ_COLUMN_RUPIAH, NULL, true},
    {"location", "Lokasi kerja", JJ_COLUMN_TEXT, NULL, true},
    {"disability_friendly", "Terbuka bagi disabilitas", JJ_COLUMN_FLAG, NULL, true},
    {"vacancy", "Kunci lowongan", JJ_COLUMN_CODE, NULL, true},
    {0},
};

/* ---- Directory ---------------------------------------------------------------------------- */

static const char *const searchers[] = {"opd", "public", NULL};

const jj_flag jj_directory_flags[] = {
    {"audience", "WORD", "for whom: opd, an office (usual), or public, anybody"},
    REGION_FLAG,
    {"vocation", "SLUG", "only this skill, e.g. roti-kue"},
    {"product", "TEXT", "only where the product or the name holds this"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param directory_params[] = {
    {"audience", JJ_PARAM_WORD, searchers, NULL},
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"vocation", JJ_PARAM_TEXT, NULL, NULL},
    {"product", JJ_PARAM_TEXT, NULL, NULL},
    {0},
};

static const jj_column directory_columns[] = {
    REGION,
    {"vocation", "Kejuruan", JJ_COLUMN_TEXT, NULL, false},
    {"product", "Produk", JJ_COLUMN_TEXT, NULL, false},
    {"name", "Nama usaha", JJ_COLUMN_TEXT, NULL, false},
    {"kbli", "KBLI", JJ_COLUMN_CODE, NULL, false},
    {"registered_on", "Terdaftar", JJ_COLUMN_DATE, NULL, false},
    {"needs_marketing", "Butuh pemasaran", JJ_COLUMN_FLAG, NULL, true},
    {"business", "Kunci usaha", JJ_COLUMN_CODE, NULL, true},
    {"person", "Kunci orang", JJ_COLUMN_CODE, NULL, false},
    {0},
};

/* ---- Orders ------------------------------------------------------------------------------- */

static int64_t small_share(const jj_config *config)
{
    return config->reports.small_share;
}

const jj_flag jj_orders_flags[] = {
    REGION_FLAG,
    {"year", "YEAR", "only orders placed in it"},
    {"opd", "TEXT", "only offices whose name holds this"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param orders_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"year", JJ_PARAM_NUMBER, NULL, NULL},
    {"opd", JJ_PARAM_TEXT, NULL, NULL},
    {NULL, JJ_PARAM_SETTING, NULL, small_share},
    {0},
};

static const jj_column orders_columns[] = {
    {"opd", "Perangkat daerah", JJ_COLUMN_TEXT, NULL, false},
    REGION,
    {"year", "Tahun", JJ_COLUMN_NUMBER, NULL, false},
    {"orders", "Pesanan", JJ_COLUMN_COUNT, NULL, false},
    {"value", "Nilai", JJ_COLUMN_RUPIAH, NULL, false},
    {"completed", "Selesai", JJ_COLUMN_COUNT, NULL, false},
    {"alumni_orders", "Oleh alumni", JJ_COLUMN_COUNT, NULL, false},
    {"alumni_value", "Nilai alumni", JJ_COLUMN_RUPIAH, NULL, false},
    {"alumni_share", "Bagian", JJ_COLUMN_RATE, NULL, false},
    {"target", "Sasaran", JJ_COLUMN_RATE, NULL, false},
    {"missing", "Kurang", JJ_COLUMN_RUPIAH, NULL, false},
    {"met", "Tercapai", JJ_COLUMN_FLAG, NULL, false},
    {0},
};

/* ---- Capital ------------------------------------------------------------------------------ */

static const char *const schemes[] = {"kur_super_mikro", "kur_mikro", "kur_kecil", "other", NULL};

static const jj_column_word scheme_words[] = {{"kur_super_mikro", "KUR super mikro"},
                                              {"kur_mikro", "KUR mikro"},
                                              {"kur_kecil", "KUR kecil"},
                                              {"other", "lainnya"},
                                              {0}};

#define SCHEME_FLAG                                                                                \
    {                                                                                              \
        "scheme", "WORD", "only kur_super_mikro, kur_mikro, kur_kecil or other"                    \
    }

const jj_flag jj_capital_flags[] = {
    REGION_FLAG,
    SCHEME_FLAG,
    {"from", "DATE", "only what was done on that day or later"},
    {"to", "DATE", "and not later than that day"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param capital_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"scheme", JJ_PARAM_WORD, schemes, NULL},
    {"from", JJ_PARAM_DATE, NULL, NULL},
    {"to", JJ_PARAM_DATE, NULL, NULL},
    {0},
};

static const jj_column capital_columns[] = {
    REGION,
    {"scheme", "Skema", JJ_COLUMN_WORD, scheme_words, false},
    {"referred", "Dirujuk", JJ_COLUMN_COUNT, NULL, false},
    {"applied", "Diajukan", JJ_COLUMN_COUNT, NULL, false},
    {"applied_amount", "Nilai diajukan", JJ_COLUMN_RUPIAH, NULL, false},
    {"approved", "Disetujui", JJ_COLUMN_COUNT, NULL, false},
    {"approved_amount", "Nilai disetujui", JJ_COLUMN_RUPIAH, NULL, false},
    {"refused", "Ditolak", JJ_COLUMN_COUNT, NULL, false},
    {"refused_amount", "Nilai ditolak", JJ_COLUMN_RUPIAH, NULL, true},
    {"disbursed", "Dicairkan", JJ_COLUMN_COUNT, NULL, false},
    {"disbursed_amount", "Nilai dicairkan", JJ_COLUMN_RUPIAH, NULL, false},
    {"repaid_amount", "Nilai diangsur", JJ_COLUMN_RUPIAH, NULL, true},
    {"refusal_reasons", "Alasan penolakan", JJ_COLUMN_TEXT, NULL, false},
    {0},
};

const jj_flag jj_candidates_flags[] = {
    REGION_FLAG,
    SCHEME_FLAG,
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param candidates_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"scheme", JJ_PARAM_WORD, schemes, NULL},
    {0},
};

/* As the capital plugin gives them; those of another agency are shown as it wrote them. */
static const jj_column_word reason_words[] = {
    {"amount, first_time", "sesuai jumlah, pertama kali"},
    {"amount, had_before", "sesuai jumlah, pernah mendapat"},
    {"amount, first_time, repays", "sesuai jumlah, pertama kali, angsuran lancar"},
    {"amount, had_before, repays", "sesuai jumlah, pernah mendapat, angsuran lancar"},
    {0}};

static const jj_column candidates_columns[] = {
    REGION,
    {"scheme", "Skema", JJ_COLUMN_WORD, scheme_words, false},
    {"amount", "Jumlah dirujuk", JJ_COLUMN_RUPIAH, NULL, false},
    {"reasons", "Alasan", JJ_COLUMN_WORD, reason_words, true},
    {"referred_on", "Dirujuk", JJ_COLUMN_DATE, NULL, false},
    {"name", "Nama usaha", JJ_COLUMN_TEXT, NULL, false},
    {"product", "Produk", JJ_COLUMN_TEXT, NULL, false},
    {"vocation", "Kejuruan", JJ_COLUMN_TEXT, NULL, true},
    {"kbli", "KBLI", JJ_COLUMN_CODE, NULL, true},
    {"nib", "NIB", JJ_COLUMN_CODE, NULL, true},
    {"registered_on", "Terdaftar", JJ_COLUMN_DATE, NULL, true},
    {"amount_needed", "Modal dibutuhkan", JJ_COLUMN_RUPIAH, NULL, true},
    {"business", "Kunci usaha", JJ_COLUMN_CODE, NULL, true},
    {"person", "Kunci orang", JJ_COLUMN_CODE, NULL, false},
    {0},
};

/* ---- Inclusion ---------------------------------------------------------------------------- */

const jj_flag jj_inclusion_flags[] = {
    REGION_FLAG,
    {"year", "YEAR", "only this year of training, and of the employers' reports"},
    JJ_TABULAR_FLAGS,
    {0},
};

static const jj_param inclusion_params[] = {
    {"region", JJ_PARAM_REGION, NULL, NULL},
    {"year", JJ_PARAM_NUMBER, NULL, NULL},
    {0},
};

/* ---- All of them -------------------------------------------------------------------------- */

const jj_report jj_reports[] = {
    {.command = "report tracer",
     .option = "due",
     .title = "Pelacakan alumni",
     .query = "SELECT * FROM jejaring.report_tracer_due($1, $2, $3::date)",
     .params = tracer_params,
     .columns = due_columns,
     .empty = "Tidak ada lulusan yang perlu dihubungi.",
     .notes =
         "Belum ada bukti apa pun tentang keadaan mereka sesudah lulus. Nama dan nomor telepon "
         "hanya melalui REVEAL."},
    {.command = "report tracer",
     .title = "Pelacakan alumni",
     .query = "SELECT * FROM jejaring.report_tracer($1, $2, $3::date)",
     .params = tracer_params,
     .columns = tracer_columns,
     .empty = "Tidak ada lulusan yang perlu dihubungi.",
     .notes =
         "Lulusan tanpa bukti apa pun tentang keadaannya, menurut gelombang terakhir yang sudah "
         "jatuh tempo. Daftarnya: --due."},
    {.command = "report vacancies",
     .title = "Lowongan kerja",
     .query = "SELECT * FROM jejaring.report_vacancies($1::boolean, $2::boolean, $3, $4::date, "
              "$5::date)",
     .params = vacancies_params,
     .columns = vacancies_columns,
     .empty = "Tidak ada lowongan.",
     .notes = "Wajib lapor lowongan pekerjaan: Perpres 57/2023. Semua kolom ada di csv dan xlsx."},
    {.command = "report directory",
     .title = "Usaha alumni",
     .query = "SELECT * FROM jejaring.report_directory(coalesce($1, 'opd'), $2, $3, $4)",
     .params = directory_params,
     .columns = directory_columns,
     .empty = "Tidak ada usaha alumni yang cocok.",
     .notes = "Hanya usaha yang pemiliknya setuju. Alamat dan nomor telepon hanya melalui REVEAL."},
    {.command = "report orders",
     .title = "Pesanan perangkat daerah",
     .query = "SELECT * FROM jejaring.report_orders($1, $2::integer, $3, $4::integer)",
     .params = orders_params,
     .columns = orders_columns,
     .empty = "Tidak ada pesanan.",
     .notes =
         "Bagian: nilai pesanan yang diselesaikan alumni dari nilai semua pesanan yang "
         "tercatat, bukan dari seluruh anggaran.\nSasaran belanja usaha kecil: Perpres 12/2021."},
    {.command = "report capital",
     .title = "Permodalan",
     .query = "SELECT * FROM jejaring.report_capital($1, $2, $3::date, $4::date)",
     .params = capital_params,
     .columns = capital_columns,
     .empty = "Tidak ada kredit.",
     .notes = "Setiap langkah dihitung pada tanggalnya sendiri."},
    {.command = "report candidates",
     .title = "Calon debitur",
     .query = "SELECT * FROM jejaring.report_candidates($1, $2)",
     .params = candidates_params,
     .columns = candidates_columns,
     .empty = "Tidak ada calon debitur.",
     .notes =
         "Hanya usaha yang pemiliknya setuju datanya diberikan kepada pihak permodalan. Alamat "
         "dan nomor telepon hanya melalui REVEAL."},
    {.command = "report inclusion",
     .title = "Inklusi",
     .query = "SELECT * FROM jejaring.report_inclusion($1, $2::integer)",
     .params = inclusion_params,
     .columns = jj_inclusion_columns,
     .empty = "Tidak ada lulusan dengan disabilitas, dan tidak ada laporan kuota.",
     .notes =
         "* tidak ditampilkan: terlalu sedikit orang, atau akan membuat angka sekecil itu dapat "
         "dihitung dari yang lain.\n"
         "Tahun -: semua tahun. Setiap orang dihitung sekali, pada kelulusannya yang terakhir. "
         "Kuota (UU 8/2016 pasal 53): laporan terakhir tiap pemberi kerja dalam tahun itu.",
     .rework = jj_inclusion_rework},
    {.command = "report completeness",
     .title = "Kelengkapan laporan",
     .query = "SELECT * FROM jejaring.report_completeness(coalesce($1, $2), $3::date, "
              "$4::integer, $5::integer, $6::jsonb)",
     .params = jj_completeness_params,
     .columns = jj_completeness_columns,
     .empty = "Tidak ada kabupaten/kota di wilayah ini.",
     .notes =
         "Yang belum lapor di atas. Terlambat: dihitung dari tenggat pertama yang terlewat "
         "(pengaturan reports: calendar).\n"
         "Bulan: jumlah kejadian yang dicatat. Biasanya: nilai tengah dua belas bulan sebelumnya. "
         "Kontak dan celah: menurut hub, bila terjangkau."},
    {0},
};
