/*
 * Makes the benchmark's events: the lives of made-up graduates of a province's training centres,
 * as the agencies would report them, in the order of time. The same seed gives the same bytes.
 *
 *   bench_events COUNT SEED PERSON_KEY_FILE > events.jsonl
 *
 * Every second graduation comes from a centre that does not hold the province's key: it names the
 * person by data.nik and carries name and phone, which the hub must seal. All other events of
 * persons come with the person key. A summary in JSON goes to stderr.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "event/key.h"
#include "event/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS        86400000LL
#define REGENCIES     35
#define EMPLOYERS     400
#define PERSONS_BATCH 16

typedef struct trade {
    const char *slug, *name, *scheme, *occupation;
} trade;

static const trade trades[] = {
    {"instalasi-listrik", "Instalasi Listrik", "Teknisi Instalasi Tenaga", "Teknisi listrik"},
    {"mekanik-sepeda-motor", "Mekanik Sepeda Motor", "Mekanik Junior", "Mekanik"},
    {"las-smaw-3g", "Las SMAW 3G", "Welder SMAW Posisi 3G", "Juru las"},
    {"tata-kecantikan-rambut", "Tata Kecantikan Rambut", "Penata Rambut Yunior", "Penata rambut"},
    {"mekanik-mobil", "Mekanik Mobil Bensin", "Teknisi Kendaraan Ringan", "Mekanik"},
    {"pastry-bakery", "Pembuatan Roti dan Kue", "Commis Pastry", "Pembuat roti"},
    {"menjahit", "Menjahit Pakaian Wanita", "Operator Jahit", "Penjahit"},
    {"desain-grafis", "Desain Grafis Muda", "Desainer Grafis Muda", "Desainer"},
    {"operator-komputer", "Operator Komputer", "Practical Office Advance", "Administrasi"},
    {"operator-mesin-bubut", "Operator Mesin Bubut", "Operator Mesin Bubut Dasar", "Operator"},
    {"servis-ac", "Teknisi AC Residensial", "Teknisi Refrigerasi Domestik", "Teknisi AC"},
    {"perhotelan", "Perhotelan", "Room Attendant", "Pramukamar"},
};
#define TRADES (sizeof trades / sizeof *trades)

typedef struct person {
    char key[JJ_UUID_SIZE], nik[17];
    unsigned number, region, year, batch;
    const trade *trade;
    int64_t graduated_ms;
} person;

/* Where an event's text stands in the pool, and its place in time. */
typedef struct made {
    int64_t time_ms;
    size_t from, size_bytes, order;
} made;

typedef struct maker {
    uint64_t random;
    unsigned char person_key[JJ_KEY_SIZE];
    jj_buf pool, data;
    made *list;
    size_t count, capacity, numbered;
} maker;

/* splitmix64: small, good enough, the same everywhere. */
static unsigned pick(maker *m, unsigned below)
{
    m->random += 0x9e3779b97f4a7c15u;
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ (z >> 31)) % below);
}

static bool chance(maker *m, unsigned percent)
{
    return pick(m, 100) < percent;
}

#define PICK(m, list) (list)[pick(m, sizeof(list) / sizeof *(list))]

/* Kemendagri codes of Central Java: 29 regencies and 6 cities. */
static void region_code(unsigned region, char out[8])
{
    snprintf(out, 8, "33.%02u", (region < 29 ? region + 1 : region + 42) % 100);
}

static void date_of(int64_t time_ms, char out[JJ_TIME_SIZE])
{
    jj_time_format(time_ms, out);
    out[10] = '\0';
}

static void employer_name(unsigned number, char out[48])
{
    static const char *const forms[] = {"PT", "CV", "UD", "Bengkel", "Hotel"};
    static const char *const words[] = {"Maju", "Sumber", "Karya", "Jaya", "Mitra", "Cipta"};
    snprintf(out, 48, "%s %s %s %u", forms[number % 5], words[number / 5 % 6],
             words[number / 30 % 6], number);
}

static const char *entity(const char *kind, unsigned region, unsigned number,
                          char out[JJ_UUID_SIZE])
{
    char source[32], code[24];
    snprintf(source, sizeof source, "/33.%u/%s", region, kind);
    snprintf(code, sizeof code, "%u", number);
    jj_entity_key(kind, source, code, out);
    return out;
}

/* Wraps m->data in an envelope. subject NULL: the person is named by data.nik. */
static void add(maker *m, const char *type, const char *agency, unsigned region, int64_t time_ms,
                const char *subject)
{
    char id[JJ_UUID_SIZE], code[8], time[JJ_TIME_SIZE], natural[64];
    if (m->count == m->capacity) {
        m->capacity = m->capacity ? m->capacity * 2 : 65536;
        m->list = realloc(m->list, m->capacity * sizeof *m->list);
    }
    snprintf(natural, sizeof natural, "%zu", m->count);
    jj_entity_key("event", type, natural, id);
    region_code(region, code);
    jj_time_format(time_ms, time);
    size_t from = m->pool.size;
    jj_buf_printf(&m->pool,
                  "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/jateng/%s/disnaker/%s\","
                  "\"type\":\"%s\",\"time\":\"%s\",\"region\":\"%s\","
                  "\"datacontenttype\":\"application/json\",",
                  id, code, agency, type, time, code);
    if (subject) {
        jj_buf_printf(&m->pool, "\"subject\":\"%s\",", subject);
    }
    jj_buf_printf(&m->pool, "\"data\":{%s}}", m->data.data);
    m->list[m->count] = (made){time_ms, from, m->pool.size - from, m->count};
    m->count++;
}

/* Begins data with its date. */
static void start(maker *m, int64_t time_ms)
{
    char date[JJ_TIME_SIZE];
    date_of(time_ms, date);
    jj_buf_reset(&m->data);
    jj_buf_printf(&m->data, "\"date\":\"%s\"", date);
}

static void put(maker *m, const char *name, const char *value)
{
    jj_buf_printf(&m->data, ",\"%s\":\"%s\"", name, value);
}

static int64_t later(maker *m, int64_t time_ms, unsigned days_min, unsigned days_max)
{
    return time_ms + (days_min + pick(m, days_max - days_min)) * DAY_MS + pick(m, 30000000);
}

/* ---- The events of one life --------------------------------------------------------------- */

static void put_contact(maker *m, const person *p)
{
    static const char *const first[] = {"Siti", "Budi", "Dewi", "Agus", "Rina", "Joko", "Wati"};
    static const char *const last[] = {"Rahayu", "Santoso", "Lestari", "Wibowo", "Hidayat"};
    char name[64], phone[24];
    snprintf(name, sizeof name, "%s %s %u", PICK(m, first), PICK(m, last), p->number);
    snprintf(phone, sizeof phone, "08%010u", pick(m, 1000000000));
    put(m, "nik", p->nik);
    put(m, "name", name);
    put(m, "phone", phone);
}

static void graduated(maker *m, const person *p)
{
    static const char *const intents[] = {"employment", "employment", "self_employment",
                                          "undecided"};
    static const char *const schools[] = {"smp", "sma", "smk", "smk", "d3"};
    bool with_nik = p->number % 2 == 0;
    char batch[8];
    snprintf(batch, sizeof batch, "%u", p->batch % 100);
    start(m, p->graduated_ms);
    if (with_nik) {
        put_contact(m, p);
    }
    put(m, "program", p->trade->name);
    put(m, "vocation", p->trade->slug);
    put(m, "batch", batch);
    jj_buf_printf(&m->data, ",\"year\":%u", p->year);
    put(m, "funding", chance(m, 60) ? "apbn" : "apbd");
    put(m, "intent", PICK(m, intents));
    put(m, "sex", p->nik[6] >= '4' ? "female" : "male");
    jj_buf_printf(&m->data, ",\"birth_year\":%u", p->year - 18 - p->number % 20);
    put(m, "education", PICK(m, schools));
    if (chance(m, 30)) {
        jj_buf_puts(&m->data, ",\"extras\":[\"digital_marketing\"]");
    }
    if (chance(m, 2)) {
        jj_buf_puts(&m->data, ",\"disability\":{\"category\":\"physical\",\"needs\":[\"ramp\"]}");
    }
    jj_buf_puts(&m->data,
                chance(m, 70) ? ",\"consent\":[\"industry\",\"cooperative\"]" : ",\"consent\":[]");
    add(m, "alumni.graduated", "blk", p->region, p->graduated_ms, with_nik ? NULL : p->key);
}

static void certified(maker *m, const person *p)
{
    char code[40], until[JJ_TIME_SIZE];
    int64_t time_ms = later(m, p->graduated_ms, 7, 40);
    date_of(time_ms + 3 * 365 * DAY_MS, until);
    bool competent = chance(m, 85);
    start(m, time_ms);
    put(m, "vocation", p->trade->slug);
    jj_buf_printf(&m->data, ",\"batch\":\"%u\",\"year\":%u", p->batch % 100, p->year);
    put(m, "scheme", p->trade->scheme);
    put(m, "skkni", "SKKNI 2018-117");
    put(m, "lsp", "LSP BLK Jawa Tengah");
    put(m, "result", competent ? "competent" : "not_yet");
    jj_buf_printf(&m->data, ",\"score\":%u", competent ? 70 + pick(m, 30) : 40 + pick(m, 30));
    if (competent) {
        snprintf(code, sizeof code, "CERT-%u-%07u", p->year, p->number);
        put(m, "valid_until", until);
        put(m, "certificate", code);
    }
    add(m, "alumni.certified", "blk", p->region, time_ms, p->key);
}

static void outcome(maker *m, const person *p, const char *wave, unsigned days)
{
    static const char *const statuses[] = {"employed", "employed", "self_employed", "unemployed",
                                           "studying"};
    static const char *const bands[] = {"below_1m", "1m_2m", "2m_3m", "3m_5m"};
    static const char *const methods[] = {"whatsapp", "phone", "visit", "online"};
    static const char *const matches[] = {"yes", "partly", "no"};
    const char *status = PICK(m, statuses);
    int64_t time_ms = later(m, p->graduated_ms, days, days + 30);
    char employer[48];
    start(m, time_ms);
    put(m, "status", status);
    if (strstr(status, "employed") && status[0] != 'u') {
        bool own = status[0] == 's';
        put(m, "employment_status", own ? "own_account" : "employee");
        put(m, "occupation", p->trade->occupation);
        if (!own) {
            employer_name(pick(m, EMPLOYERS), employer);
            put(m, "employer", employer);
        }
        put(m, "match_to_training", PICK(m, matches));
        put(m, "income_band", PICK(m, bands));
    }
    put(m, "method", PICK(m, methods));
    put(m, "wave", wave);
    add(m, "outcome.reported", "blk", p->region, time_ms, p->key);
}

static void placed(maker *m, const person *p)
{
    char vacancy[JJ_UUID_SIZE], employer[48], code[24];
    unsigned number = pick(m, p->number / 8 + 1);
    int64_t time_ms = later(m, p->graduated_ms, 10, 200);
    entity("vacancy", number % REGENCIES, number, vacancy);
    employer_name(number % EMPLOYERS, employer);
    if (chance(m, 60)) {
        start(m, time_ms - 10 * DAY_MS);
        put(m, "vacancy", vacancy);
        add(m, "application.submitted", "industry", p->region, time_ms - 10 * DAY_MS, p->key);
    }
    start(m, time_ms);
    put(m, "vacancy", vacancy);
    snprintf(code, sizeof code, "P-%u", p->number);
    put(m, "placement", code);
    put(m, "employer", employer);
    put(m, "kind", "employment");
    put(m, "vocation", p->trade->slug);
    put(m, "occupation", p->trade->occupation);
    put(m, "employment_status", "employee");
    add(m, "placement.started", "industry", p->region, time_ms, p->key);
    if (chance(m, 30)) {
        int64_t end_ms = later(m, time_ms, 60, 300);
        start(m, end_ms);
        put(m, "vacancy", vacancy);
        put(m, "employer", employer);
        put(m, "reason", chance(m, 50) ? "resigned" : "finished");
        add(m, "placement.ended", "industry", p->region, end_ms, p->key);
    }
}

static void in_business(maker *m, const person *p)
{
    char business[JJ_UUID_SIZE], cooperative[JJ_UUID_SIZE];
    int64_t time_ms = later(m, p->graduated_ms, 30, 250);
    entity("business", p->region, p->number, business);
    start(m, time_ms);
    put(m, "business", business);
    jj_buf_printf(&m->data, ",\"name\":\"Usaha %s %u\",\"nib\":\"91200%08u\"", p->trade->name,
                  p->number, p->number);
    put(m, "kbli", "10710");
    jj_buf_puts(&m->data, ",\"kbli_version\":2020");
    put(m, "vocation", p->trade->slug);
    jj_buf_puts(&m->data, ",\"needs_capital\":true,\"amount_needed\":10000000");
    add(m, "business.registered", "koperasi", p->region, time_ms, p->key);
    time_ms = later(m, time_ms, 5, 60);
    start(m, time_ms);
    put(m, "cooperative", entity("cooperative", p->region, 1, cooperative));
    put(m, "name", "Koperasi Alumni BLK");
    add(m, "cooperative.joined", "koperasi", p->region, time_ms, p->key);
    for (unsigned i = pick(m, 3); i > 0; i--) {
        time_ms = later(m, time_ms, 10, 60);
        start(m, time_ms);
        put(m, "topic", i == 1 ? "marketing" : "management");
        jj_buf_puts(&m->data, ",\"hours\":2.5");
        add(m, "mentoring.provided", "koperasi", p->region, time_ms, p->key);
    }
    if (chance(m, 40)) {
        start(m, time_ms + DAY_MS);
        put(m, "business", business);
        put(m, "scheme", "kur_super_mikro");
        jj_buf_puts(&m->data, ",\"amount\":10000000");
        add(m, "loan.disbursed", "bank", p->region, time_ms + DAY_MS, p->key);
    }
}

/* ---- What is not about one person --------------------------------------------------------- */

static void vacancy_opened(maker *m, unsigned number, const person *p)
{
    char vacancy[JJ_UUID_SIZE], employer[48], until[JJ_TIME_SIZE];
    unsigned region = number % REGENCIES;
    int64_t time_ms = p->graduated_ms - pick(m, 60) * DAY_MS;
    entity("vacancy", region, number, vacancy);
    employer_name(number % EMPLOYERS, employer);
    date_of(time_ms + 60 * DAY_MS, until);
    start(m, time_ms);
    put(m, "vacancy", vacancy);
    put(m, "employer", employer);
    put(m, "title", p->trade->occupation);
    jj_buf_printf(&m->data, ",\"headcount\":%u", 1 + pick(m, 5));
    put(m, "valid_until", until);
    put(m, "requirements", "Lulusan BLK atau SMK, bersedia kerja shift, membawa sertifikat");
    jj_buf_puts(&m->data, ",\"wage\":{\"min\":2000000,\"max\":3500000}");
    put(m, "kind", "employment");
    jj_buf_printf(&m->data, ",\"vocations\":[\"%s\"],\"disability_friendly\":%s", p->trade->slug,
                  chance(m, 20) ? "true" : "false");
    add(m, "vacancy.opened", "industry", region, time_ms, vacancy);
    if (chance(m, 60)) {
        start(m, time_ms + 45 * DAY_MS);
        put(m, "vacancy", vacancy);
        put(m, "reason", "filled");
        add(m, "vacancy.closed", "industry", region, time_ms + 45 * DAY_MS, vacancy);
    }
}

static void batch_closed(maker *m, const person *p)
{
    char batch[JJ_UUID_SIZE];
    start(m, p->graduated_ms);
    put(m, "batch", entity("batch", p->region, p->batch, batch));
    jj_buf_printf(&m->data, ",\"name\":\"%u\"", p->batch % 100);
    put(m, "program", p->trade->name);
    put(m, "vocation", p->trade->slug);
    jj_buf_printf(&m->data, ",\"year\":%u,\"participants\":%d,\"graduates\":%d", p->year,
                  PERSONS_BATCH, PERSONS_BATCH);
    add(m, "batch.closed", "blk", p->region, p->graduated_ms + DAY_MS, batch);
}

/* ---- All of them -------------------------------------------------------------------------- */

static person make_person(maker *m, unsigned number)
{
    person p = {.number = number, .batch = number / PERSONS_BATCH};
    bool female = chance(m, 50);
    p.region = p.batch % REGENCIES;
    p.trade = &trades[p.batch / REGENCIES % TRADES];
    p.year = 2016 + p.batch * 7919 % 9;
    p.graduated_ms = jj_days_from_date((int)p.year, 3, 1) * DAY_MS +
                     (int64_t)(p.batch * 104729 % 270) * DAY_MS + number % PERSONS_BATCH * 60000;
    snprintf(p.nik, sizeof p.nik, "33%02u%02u%02u%02u%02u%04u", p.region % 35 + 1, number % 20 + 1,
             pick(m, 28) + (female ? 41 : 1), pick(m, 12) + 1, 80 + number % 20, number % 9999 + 1);
    jj_person_key(m->person_key, p.nik, p.key);
    return p;
}

static void live(maker *m, unsigned number)
{
    person p = make_person(m, number);
    graduated(m, &p);
    if (number % PERSONS_BATCH == 0) {
        batch_closed(m, &p);
    }
    if (number % 8 == 0) {
        vacancy_opened(m, number / 8, &p);
    }
    if (chance(m, 90)) {
        certified(m, &p);
    }
    if (chance(m, 80)) {
        outcome(m, &p, "6m", 180);
    }
    if (chance(m, 60)) {
        outcome(m, &p, "12m", 365);
    }
    if (chance(m, 45)) {
        placed(m, &p);
    }
    if (chance(m, 12)) {
        in_business(m, &p);
    }
}

static int by_time(const void *a, const void *b)
{
    const made *x = a, *y = b;
    return x->time_ms != y->time_ms ? (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms)
                                    : (x->order > y->order) - (x->order < y->order);
}

static size_t count_nik(const maker *m, size_t count)
{
    size_t with = 0;
    for (size_t i = 0; i < count; i++) {
        with +=
            memmem(m->pool.data + m->list[i].from, m->list[i].size_bytes, "\"nik\":", 6) != NULL;
    }
    return with;
}

int main(int argc, char **argv)
{
    jj_error err = {0};
    maker m = {0};
    if (argc != 4 || !jj_id_init()) {
        fprintf(stderr, "usage: bench_events COUNT SEED PERSON_KEY_FILE\n");
        return 2;
    }
    size_t count = strtoul(argv[1], NULL, 10), bytes = 0;
    m.random = strtoull(argv[2], NULL, 10);
    if (jj_key_load(argv[3], m.person_key, &err)) {
        fprintf(stderr, "bench_events: %s\n", err.text);
        return 1;
    }
    unsigned persons = 0;
    while (m.count < count) {
        live(&m, persons++);
    }
    qsort(m.list, m.count, sizeof *m.list, by_time);
    for (size_t i = 0; i < count; i++) {
        bytes += m.list[i].size_bytes;
        fwrite(m.pool.data + m.list[i].from, 1, m.list[i].size_bytes, stdout);
        putchar('\n');
    }
    fprintf(stderr, "{\"events\": %zu, \"mean_bytes\": %.1f, \"persons\": %u, \"with_nik\": %zu}\n",
            count, (double)bytes / (double)count, persons, count_nik(&m, count));
    jj_buf_clear(&m.pool);
    jj_buf_clear(&m.data);
    free(m.list);
    return fflush(stdout) == 0 ? 0 : 1;
}
