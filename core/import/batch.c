#include "import/batch.h"

#include "import/reasons.h"

#include <stdlib.h>
#include <string.h>

void jj_batch_clear(jj_batch *batch)
{
    jj_buf_clear(&batch->text);
    jj_buf_clear(&batch->events);
    jj_buf_clear(&batch->problems);
    batch->count = batch->event_count = 0;
}

static void reset(jj_batch *batch)
{
    jj_buf_reset(&batch->text);
    jj_buf_reset(&batch->events);
    jj_buf_reset(&batch->problems);
    batch->count = batch->event_count = 0;
}

bool jj_batch_is_full(const jj_batch *batch)
{
    return batch->event_count == JJ_IMPORT_BATCH || batch->count == JJ_BATCH_ROWS ||
           batch->events.size >= JJ_BATCH_BYTES || batch->text.size >= JJ_BATCH_BYTES;
}

void jj_batch_add_row(jj_batch *batch, const jj_row *row)
{
    jj_pending *pending = &batch->rows[batch->count++];
    *pending =
        (jj_pending){.number = row->number, .text_at = batch->text.size, .cell_count = row->count};
    for (size_t i = 0; i < row->count; i++) {
        jj_buf_add(&batch->text, row->cells[i].text, row->cells[i].length);
        jj_buf_putc(&batch->text, '\0');
    }
    pending->text_size = batch->text.size - pending->text_at;
}

void jj_batch_add_line(jj_batch *batch, uint64_t number, const char *text, size_t length)
{
    batch->rows[batch->count++] =
        (jj_pending){.number = number, .text_at = batch->text.size, .text_size = length};
    jj_buf_add(&batch->text, text, length);
}

void jj_batch_event(jj_batch *batch, const char *event, size_t size_bytes)
{
    jj_pending *pending = &batch->rows[batch->count - 1];
    pending->event_at = batch->events.size;
    pending->event_size = size_bytes;
    jj_buf_add(&batch->events, event, size_bytes);
    batch->event_count++;
}

void jj_batch_problem(jj_batch *batch, const char *problem)
{
    batch->rows[batch->count - 1].problem_at = batch->problems.size;
    jj_buf_puts(&batch->problems, problem);
    jj_buf_putc(&batch->problems, '\0');
}

void jj_batch_warning(jj_batch *batch, const char *warning)
{
    batch->rows[batch->count - 1].warned = true;
    jj_batch_problem(batch, warning);
}

void jj_result_note(jj_import_result *result, uint64_t row, bool warning, const char *text)
{
    if (result->note_count == JJ_IMPORT_NOTES) {
        return;
    }
    jj_import_note *note = &result->notes[result->note_count];
    note->text = strdup(text);
    if (note->text) {
        note->row = row;
        note->warning = warning;
        result->note_count++;
    }
}

/* The failed row as it was read, to the reject file. */
static int give_back(jj_batch *batch, const jj_pending *row, const jj_mapping *mapping,
                     jj_reject *reject, jj_import_result *result, const char *problem,
                     jj_error *err)
{
    jj_buf reason = {0};
    int rc;
    jj_buf_printf(&reason, "Baris %llu: %s", (unsigned long long)row->number, problem);
    if (reason.failed) {
        jj_buf_clear(&reason);
        return jj_fail(err, JJ_EMEMORY, "out of memory while writing a reject file");
    }
    result->rejected++;
    jj_result_note(result, row->number, false, problem);
    const char *at = batch->text.data ? batch->text.data + row->text_at : "";
    if (mapping) {
        for (size_t i = 0; i < row->cell_count; i++) {
            batch->cells[i] = (jj_cell){at, strlen(at)};
            at += batch->cells[i].length + 1;
        }
        rc = jj_reject_row(reject, mapping, batch->cells, row->cell_count, reason.data, err);
    } else {
        rc = jj_reject_line(reject, at, row->text_size, reason.data, err);
    }
    jj_buf_clear(&reason);
    return rc;
}

static int settle_rejected(jj_batch *batch, const jj_pending *row, const jj_mapping *mapping,
                           const jj_import_verdict *verdict, jj_reject *reject,
                           jj_import_result *result, jj_error *err)
{
    jj_buf problem = {0};
    jj_reason_verdict(&problem, mapping, verdict);
    int rc = problem.failed ? jj_fail(err, JJ_EMEMORY, "out of memory while writing a reject file")
                            : give_back(batch, row, mapping, reject, result, problem.data, err);
    jj_buf_clear(&problem);
    return rc;
}

static int settle(jj_batch *batch, const jj_mapping *mapping, jj_reject *reject,
                  jj_import_result *result, jj_error *err)
{
    size_t event = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < batch->count; i++) {
        const jj_pending *row = &batch->rows[i];
        result->rows++;
        if (row->event_size == 0) {
            rc = give_back(batch, row, mapping, reject, result,
                           batch->problems.data + row->problem_at, err);
            continue;
        }
        const jj_import_verdict *verdict = &batch->verdicts[event++];
        if (row->warned) {
            result->warnings++;
            jj_result_note(result, row->number, true, batch->problems.data + row->problem_at);
        }
        if (verdict->outcome == JJ_IMPORT_ACCEPTED) {
            result->accepted++;
        } else if (verdict->outcome == JJ_IMPORT_DUPLICATE) {
            result->duplicate++;
        } else {
            rc = settle_rejected(batch, row, mapping, verdict, reject, result, err);
        }
    }
    return rc;
}

int jj_batch_flush(jj_batch *batch, const jj_import_options *options, const jj_mapping *mapping,
                   jj_reject *reject, jj_import_result *result, jj_error *err)
{
    if (batch->text.failed || batch->events.failed || batch->problems.failed) {
        return jj_fail(err, JJ_EMEMORY, "out of memory while reading a table");
    }
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const jj_pending *row = &batch->rows[i];
        if (row->event_size) {
            batch->sent[count++] = (jj_bytes){batch->events.data + row->event_at, row->event_size};
        }
    }
    memset(batch->verdicts, 0, count * sizeof *batch->verdicts);
    int rc = 0;
    if (count && options->publish) {
        rc = options->publish(options->arg, batch->sent, count, batch->verdicts, err);
    }
    if (rc == 0) {
        rc = settle(batch, mapping, reject, result, err);
    }
    reset(batch);
    return rc;
}
