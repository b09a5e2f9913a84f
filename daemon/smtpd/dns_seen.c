/*
 * dns_seen.c - what a session has asked of DNS, so that it asks once
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/dns_seen.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define SEEN_MAX	1000	/* a client's names are its own choice: then begin anew */

const struct dns_seen *
dns_seen_ask(struct dns_seen **seen, const char *name, int type)
{
	struct err err = ERR_INIT;
	struct buf key = BUF_INIT;
	struct dns_seen *e;

	buf_addf(&key, "%d %s", type, name);
	HASH_FIND_STR(*seen, key.ptr, e);
	if (e == NULL) {
		if (HASH_COUNT(*seen) >= SEEN_MAX)
			dns_seen_free(seen);
		e = xcalloc(1, sizeof(*e) + key.len + 1);
		memcpy(e->key, key.ptr, key.len + 1);
		e->result = dns_query(name, type, &e->answer, &err);
		e->why = xstrdup(err.text);
		HASH_ADD_STR(*seen, key, e);
	}
	buf_done(&key);
	return e;
}

void
dns_seen_free(struct dns_seen **seen)
{
	struct dns_seen *e, *next;

	HASH_ITER(hh, *seen, e, next) {
		HASH_DEL(*seen, e);
		dns_answer_done(&e->answer);
		free(e->why);
		free(e);
	}
}
