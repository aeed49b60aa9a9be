/* What each agency has under way: requests that wait, answers that it has not read yet. One that
 * takes without reading takes nothing from the others. */
#include "hub/internal.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_AGENCY (512 * 1024)       /* bytes of unread answers; then a FETCH waits */
#define ANSWERS_LOCAL  (16 * 1024 * 1024) /* the same for this machine: plugins read ahead */

/* An agency may send so many bad events at once, and so many a second from then on: the work of
 * refusing more of them is not done for it at the cost of the others. */
#define REFUSED_MAX   2000
#define REFUSED_PER_S 100

#define SHARE_INVERSE 8     /* who takes more of the hub's time than its eighth becomes costly, */
#define COSTLY_US     2000  /* from so much on, */
#define SPENT_MAX_US  50000 /* and is not remembered for ever */

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

enum jj_key_told jj_hub_key_told(const jj_hub *hub, const char *agency)
{
    for (const jj_account *account = hub->accounts; account; account = account->next) {
        if (strcmp(account->agency, agency) == 0) {
            return account->key_told;
        }
    }
    return JJ_KEY_UNTOLD;
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

bool jj_hub_is_local(const jj_hub *hub, const jj_rights *rights)
{
    return rights && (rights->admin || jj_hub_plugin(hub, rights->agency));
}

enum jj_unread jj_hub_unread(const jj_hub *hub, const jj_rights *rights, const jj_account *account)
{
    size_t bytes = account ? atomic_load_explicit(&account->tally.bytes, memory_order_acquire) : 0;
    size_t most = jj_hub_is_local(hub, rights) ? ANSWERS_LOCAL : ANSWERS_AGENCY;
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

void jj_hub_charge(jj_account *account, int64_t since_us, int64_t now_us)
{
    int64_t spent_us = account->spent_us - (now_us - account->settled_us) / SHARE_INVERSE;
    spent_us = (spent_us > 0 ? spent_us : 0) + now_us - since_us;
    account->spent_us = spent_us < SPENT_MAX_US ? spent_us : SPENT_MAX_US;
    account->settled_us = now_us;
}

bool jj_hub_is_costly(jj_account *account, int64_t now_us)
{
    jj_hub_charge(account, now_us, now_us);
    return account->spent_us > COSTLY_US;
}

/* A refused event costs more than one that is taken. */
void jj_hub_note_refused(jj_account *account, uint64_t refused)
{
    if (account) {
        account->refused += refused;
        account->quarantined += refused;
    }
}

bool jj_hub_is_flooding(const jj_hub *hub, const jj_rights *rights, jj_account *account)
{
    if (!account || jj_hub_is_local(hub, rights)) {
        return false;
    }
    int64_t now_ms = jj_monotonic_ms();
    uint64_t less = (uint64_t)(now_ms - account->refused_ms) * REFUSED_PER_S / 1000;
    if (less || account->refused == 0) {
        account->refused -= less < account->refused ? less : account->refused;
        account->refused_ms = now_ms;
    }
    return account->refused >= REFUSED_MAX;
}
