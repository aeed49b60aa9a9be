/* What each agency has under way: requests that wait, answers that it has not read yet. One that
 * takes without reading takes nothing from the others. */
#include "hub/internal.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_AGENCY (1024 * 1024)      /* bytes of unread answers; then a FETCH waits */
#define ANSWERS_LOCAL  (16 * 1024 * 1024) /* the same for this machine: plugins read ahead */

jj_account *jj_hub_account(jj_hub *hub, const jj_rights *rights)
{
    const char *agency = rights ? rights->agency : ""; /* all who are not known have one together */
    for (jj_account **at = &hub->accounts; *at; at = &(*at)->next) {
        jj_account *account = *at;
        if (strcmp(account->agency, agency) == 0) {
            *at = account->next; /* to the front: who asks will ask again */
            account->next = hub->accounts;
            hub->accounts = account;
            return account;
        }
    }
    jj_account *account = calloc(1, sizeof *account);
    if (!account || !(account->agency = strdup(agency))) {
        free(account);
        return NULL;
    }
    account->next = hub->accounts;
    hub->accounts = account;
    return account;
}

void jj_hub_free_accounts(jj_hub *hub)
{
    while (hub->accounts) {
        jj_account *account = hub->accounts;
        hub->accounts = account->next;
        free(account->agency);
        free(account);
    }
}

static size_t allowed(const jj_hub *hub, const jj_rights *rights)
{
    bool local = rights && (rights->admin || jj_hub_plugin(hub, rights->agency));
    return local ? ANSWERS_LOCAL : ANSWERS_AGENCY;
}

enum jj_unread jj_hub_unread(const jj_hub *hub, const jj_rights *rights, const jj_account *account)
{
    size_t bytes = account ? atomic_load_explicit(&account->tally.bytes, memory_order_acquire) : 0;
    size_t most = allowed(hub, rights);
    return bytes < most           ? JJ_UNREAD_FEW
           : bytes < 2 * most     ? JJ_UNREAD_MANY
           : bytes < 9 * most / 4 ? JJ_UNREAD_TOO_MANY
                                  : JJ_UNREAD_HOPELESS;
}

int jj_hub_busy(jj_error *err)
{
    return jj_fail(err, JJ_EBUSY,
                   "this agency has not read the answers that it was given: read them first");
}
