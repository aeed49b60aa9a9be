/*
 * The doctor: looks at a running node and names what is wrong, with what to do next. It changes
 * nothing. Each examination is a function that adds what it finds.
 */
#ifndef JJ_CTL_DOCTOR_H
#define JJ_CTL_DOCTOR_H

#include "ctl/look.h"

typedef struct jj_doctor {
    jj_ctl *ctl;
    jj_look look;
    json_t *findings;      /* owned: array of {check, wrong, text, next} */
    uint64_t disk_percent; /* less free than this is wrong */
    int64_t lag_ms;        /* waiting longer than this is wrong */
    int64_t backup_age_ms; /* an older backup is wrong */
    const char *check;     /* the examination under way */
    int64_t now_ms;
    char remedy[256], text[1024]; /* of the finding that is being made */
} jj_doctor;

/* Something is wrong: what, and what to do next (never empty). */
void jj_doctor_wrong(jj_doctor *doctor, const char *next, const char *format, ...) JJ_PRINTF(3, 4);

/* Worth knowing, and not wrong. */
void jj_doctor_note(jj_doctor *doctor, const char *next, const char *format, ...) JJ_PRINTF(3, 4);

/* next with its words filled in; valid until the next call. */
const char *jj_doctor_next(jj_doctor *doctor, const char *format, ...) JJ_PRINTF(2, 3);

/* "3 d", "5 h", "12 min", "40 s"; in one of a few static buffers. */
const char *jj_doctor_age(int64_t age_ms);

/* What runs: doctor_hub.c. */
void jj_doctor_hub(jj_doctor *doctor);
void jj_doctor_workers(jj_doctor *doctor);
void jj_doctor_consumers(jj_doctor *doctor);
void jj_doctor_quarantine(jj_doctor *doctor);
void jj_doctor_journal(jj_doctor *doctor);

/* What lies there: doctor_node.c. */
void jj_doctor_config(jj_doctor *doctor);
void jj_doctor_keys(jj_doctor *doctor);
void jj_doctor_inbox(jj_doctor *doctor);
void jj_doctor_disk(jj_doctor *doctor);
void jj_doctor_backup(jj_doctor *doctor);
void jj_doctor_clock(jj_doctor *doctor);
void jj_doctor_warehouse(jj_doctor *doctor);

#endif
