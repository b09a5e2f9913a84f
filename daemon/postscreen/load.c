/*
 * load.c - how many clients there are, and how many are too many
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/load.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"

/* In hundredths of the limit: where stress begins, and where it ends. */
#define HIGH_WATER	90
#define LOW_WATER	70

struct count {
	UT_hash_handle	 hh;
	char		*address;
	int		 clients;
};

static struct count *counts;
static int testing;
static bool is_stress;

int
load_enter(const char *address)
{
	struct count *n;

	HASH_FIND_STR(counts, address, n);
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		n->address = xstrdup(address);
		HASH_ADD_KEYPTR(hh, counts, n->address, strlen(n->address), n);
	}
	return ++n->clients;
}

void
load_leave(const char *address)
{
	struct count *n;

	HASH_FIND_STR(counts, address, n);
	if (n == NULL || --n->clients > 0)
		return;
	HASH_DEL(counts, n);
	free(n->address);
	free(n);
}

void
load_test_begins(void)
{
	testing++;
	if (!is_stress && testing * 100 >=
	    params.postscreen_pre_queue_limit * HIGH_WATER) {
		is_stress = true;
		log_info("entering STRESS mode with %d connections", testing);
	}
}

void
load_test_ends(void)
{
	testing--;
	if (is_stress && testing * 100 <=
	    params.postscreen_pre_queue_limit * LOW_WATER) {
		is_stress = false;
		log_info("leaving STRESS mode with %d connections", testing);
	}
}

bool
load_is_full(void)
{
	/* The one that asks counts as well: so the peer does. */
	return testing + 1 >= params.postscreen_pre_queue_limit;
}

bool
load_is_stress(void)
{
	return is_stress;
}
