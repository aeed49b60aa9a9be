/*
 * Load: what the agencies of Indonesia's training centres would report of graduates who do not
 * exist. Lives are plausible: a person is trained, tested, asked what became of them, applies,
 * works and leaves, or opens a business, joins a cooperative, borrows and repays; nothing happens
 * before what it rests on. All event types of the catalogue occur.
 *
 * Guarantees: the same options give the same bytes, on any machine; events come in the order of
 * their time; each has an id of its own; memory holds what is still to come in the lives that have
 * begun, about 24 bytes an event. NIKs are valid and belong to nobody: district and serial number
 * are counted up, and no two persons share one below 11.8 million persons.
 *
 * How people are spread: provinces by the census of 2020; within a province its regencies and
 * cities weigh the same, because the reference list holds no figures of theirs.
 *
 * Not here: sending them, and what nodes make of events themselves (reactions): the proposals,
 * offers and referrals in these lives are told as if another node had made them.
 */
#ifndef JJ_SIM_SIM_H
#define JJ_SIM_SIM_H

#include "jejaring/error.h"

#include "base/id.h"

#include <stddef.h>
#include <stdint.h>

typedef struct jj_sim jj_sim;

typedef struct jj_sim_options {
    uint64_t seed;
    uint64_t people;                 /* their whole lives; 0: as many as the events take */
    uint64_t events;                 /* the first so many, at a pace that fills the years; 0: all */
    int first_year, last_year;       /* in which people graduate */
    const char *reference;           /* folder with regions.csv */
    const char *const *regions;      /* "33.75", "33"; ended by NULL. NULL: the whole country */
    const unsigned char *person_key; /* JJ_KEY_SIZE bytes: persons are named by their key, as
                                      * agencies of the province do, but for every second
                                      * graduation. NULL: all are named by NIK */
} jj_sim_options;

/* options are needed during the call only. One of people and events must be given. JJ_ECONFIG: a
 * region that is not in the list, no people, years that do not rise. *sim is new. */
int jj_sim_new(jj_sim **sim, const jj_sim_options *options, jj_error *err);
void jj_sim_free(jj_sim *sim);

/* The next event, JSON without a line end, borrowed until the next call. Returns 1, 0 after the
 * last one, or JJ_EMEMORY. */
int jj_sim_next(jj_sim *sim, const char **text, size_t *size_bytes, jj_error *err);

#endif
