/* What the tests of the industry plugin share: the plugin itself, and events in one line each. */
#ifndef INDUSTRY_EVENTS_H
#define INDUSTRY_EVENTS_H

#include "fake_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../plugins/industry/industry.c"
#include "../../plugins/industry/person.c"
#include "../../plugins/industry/vacancy.c"

static inline fake_host *open_industry(void)
{
    return fake_open(&jejaring_plugin, NULL);
}

/* A welder who lets industry know, graduated on day. */
static inline void welder(fake_host *fake, const char *person, const char *day)
{
    fake_say(fake, "alumni.graduated", person, day,
             "'vocation': 'las-smaw-3g', 'funding': 'apbd', 'consent': ['industry']");
}

static inline void vacancy(fake_host *fake, const char *id, const char *more)
{
    fake_say(fake, "vacancy.opened", id, "2020-01-01",
             "'vacancy': '%s', 'headcount': 1, 'vocations': ['las-smaw-3g']%s%s", id,
             *more ? ", " : "", more);
}

static inline void started(fake_host *fake, const char *person, const char *id, const char *day)
{
    fake_say(fake, "placement.started", person, day,
             "'vacancy': '%s', 'employer': 'Bengkel', 'kind': 'employment'", id);
}

static inline void deliver(fake_host *fake)
{
    fake_deliver(fake, 0);
}

#endif
