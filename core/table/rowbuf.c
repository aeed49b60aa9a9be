#include "table/rowbuf.h"

void jj_rowbuf_reset(jj_rowbuf *row)
{
    jj_buf_reset(&row->text);
    row->count = 0;
}

void jj_rowbuf_clear(jj_rowbuf *row)
{
    jj_buf_clear(&row->text);
    row->count = 0;
}

bool jj_rowbuf_add(jj_rowbuf *row, const char *text, size_t length)
{
    if (row->count == JJ_COLUMNS_MAX) {
        return length == 0;
    }
    row->starts[row->count++] = row->text.size;
    jj_buf_add(&row->text, text, length);
    jj_buf_putc(&row->text, '\0');
    return !row->text.failed;
}

void jj_rowbuf_row(jj_rowbuf *buf, uint64_t number, jj_row *row)
{
    size_t end = buf->text.size, count = buf->count;
    while (count && end - buf->starts[count - 1] == 1) {
        end = buf->starts[--count];
    }
    for (size_t i = count; i-- > 0; end = buf->starts[i]) {
        buf->cells[i].text = buf->text.data + buf->starts[i];
        buf->cells[i].length = end - buf->starts[i] - 1;
    }
    row->number = number;
    row->count = count;
    row->cells = buf->cells;
}
