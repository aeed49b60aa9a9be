/* The host of a rehearsal; nobody but rehearsal.c includes it. */
#ifndef JJ_CLIENT_REHEARSAL_HOST_H
#define JJ_CLIENT_REHEARSAL_HOST_H

#include "jejaring/rehearsal.h"

/* The functions that a plugin gets, with the rehearsal behind them. */
jj_host jj_rehearsal_host(jj_rehearsal *rehearsal, const char *instance);

/* Notes a promise that the plugin breaks; the first one counts. */
void jj_rehearsal_blame(jj_rehearsal *r, const char *format, ...) JJ_PRINTF(2, 3);

/* Makes what is staged true, or forgets it. */
void jj_rehearsal_settle(jj_rehearsal *r, bool keep);

#endif
