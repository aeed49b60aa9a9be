/*
 * What the commands of jejaringctl do, one function each; the table in commands.c says what they
 * are called and take. Each returns an exit code, and has said on stderr what went wrong.
 */
#ifndef JJ_CTL_COMMANDS_H
#define JJ_CTL_COMMANDS_H

#include "ctl/ctl.h"

int jj_ctl_status(jj_ctl *ctl); /* status.c */
int jj_ctl_balance(jj_ctl *ctl);

int jj_ctl_top(jj_ctl *ctl); /* top.c */

int jj_ctl_check(jj_ctl *ctl); /* check.c */

int jj_ctl_doctor(jj_ctl *ctl);  /* doctor.c */
int jj_ctl_metrics(jj_ctl *ctl); /* metrics.c */
int jj_ctl_graph(jj_ctl *ctl);   /* graph.c */

int jj_ctl_backup(jj_ctl *ctl);  /* backup.c */
int jj_ctl_restore(jj_ctl *ctl); /* restore.c */

int jj_ctl_publish(jj_ctl *ctl); /* publish.c */

int jj_ctl_sim(jj_ctl *ctl); /* sim.c */

int jj_ctl_fetch(jj_ctl *ctl); /* fetch.c */
int jj_ctl_tap(jj_ctl *ctl);

int jj_ctl_import(jj_ctl *ctl); /* import.c */

int jj_ctl_keys_new(jj_ctl *ctl); /* keys.c */
int jj_ctl_keys_pair(jj_ctl *ctl);
int jj_ctl_keys_curve(jj_ctl *ctl);

int jj_ctl_agency_add(jj_ctl *ctl); /* agency.c */
int jj_ctl_agency_list(jj_ctl *ctl);
int jj_ctl_agency_show(jj_ctl *ctl);
int jj_ctl_agency_revoke(jj_ctl *ctl);
int jj_ctl_agency_rotate(jj_ctl *ctl);

int jj_ctl_schema_check(jj_ctl *ctl); /* schema.c */
int jj_ctl_schema_validate(jj_ctl *ctl);

int jj_ctl_quarantine_list(jj_ctl *ctl); /* quarantine.c */
int jj_ctl_quarantine_show(jj_ctl *ctl);
int jj_ctl_quarantine_retry(jj_ctl *ctl);
int jj_ctl_quarantine_drop(jj_ctl *ctl);

int jj_ctl_trace(jj_ctl *ctl); /* person.c */
int jj_ctl_erase(jj_ctl *ctl);
int jj_ctl_audit_verify(jj_ctl *ctl);
int jj_ctl_consumer_drop(jj_ctl *ctl);

int jj_ctl_node_list(jj_ctl *ctl); /* node.c */
int jj_ctl_node_forget(jj_ctl *ctl);
int jj_ctl_erasures(jj_ctl *ctl);
/* For status: what is wrong with the nodes below. True: something that must not wait. */
bool jj_ctl_nodes_judge(const json_t *nodes);

int jj_ctl_migrate(jj_ctl *ctl);
int jj_ctl_rebuild(jj_ctl *ctl);
int jj_ctl_verify(jj_ctl *ctl);

int jj_ctl_plugin_new(jj_ctl *ctl);  /* plugin_new.c */
int jj_ctl_plugin_test(jj_ctl *ctl); /* plugin_test.c */

int jj_ctl_completion(jj_ctl *ctl); /* manual.c */
int jj_ctl_manual(jj_ctl *ctl);

int jj_ctl_version(jj_ctl *ctl); /* commands.c */

#endif
