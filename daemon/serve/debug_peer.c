/*
 * debug_peer.c - more of the log for some hosts
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/debug_peer.h"

#include <stddef.h>

#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/table/match_list.h"

static struct match_list *hosts;	/* NULL: nobody */
static int added;			/* to log_verbose */

void
debug_peer_init(void)
{
	if (params.debug_peer_list[0] != '\0')
		hosts = match_list_new("debug_peer_list", MATCH_HOST,
		    params.debug_peer_list);
}

void
debug_peer_begin(const char *name, const char *addr)
{
	if (hosts == NULL || added != 0 ||
	    match_list_find(hosts, name, addr) != TABLE_FOUND)
		return;
	added = params.debug_peer_level;
	log_verbose += added;
}

void
debug_peer_end(void)
{
	log_verbose -= added;
	added = 0;
}
