/*
 * Vacancies: what is known of them, whom they propose, when they end.
 *
 * State: v/ n/ q/ seek due/ todo/ (see industry.c). A vacancy that something has happened to is
 * put into todo; vacancy_work does the rest.
 */
#ifndef INDUSTRY_VACANCY_H
#define INDUSTRY_VACANCY_H

#include <jejaring/lines.h>

/* Indexes of the option table. */
enum {
    OPTION_PROPOSALS,
    OPTION_EXPIRY
};

/* vacancy.opened or vacancy.closed. Its subject has been through jj_name. */
void vacancy_event(jj_turn *turn, const jj_event *event, const json_t *data);

/* Somebody has started there: one seat less, once a person. The vacancy may not be known yet. */
void vacancy_seat_taken(jj_turn *turn, const char *person, const char *vacancy, int64_t time_ms);

/* One whom it has proposed has begun (1) or ceased (-1) to wait for work. */
void vacancy_live(jj_turn *turn, const char *vacancy, int change);

/* Brings a vacancy up to date with at most `most` drafts: proposes, announces its end, keeps the
 * indexes. A jj_work of the plugin's jj_reactor. */
int vacancy_work(void *self, jj_turn *turn, const char *id, int most);

#endif
