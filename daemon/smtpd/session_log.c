/*
 * session_log.c - what the log says of a session's begin and end
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/session.h"

#include <string.h>

#include "daemon/serve/counters.h"
#include "daemon/smtpd/verbs.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/log_json.h"

void
session_connected(struct session *s)
{
	struct log_json e;

	counters_add(COUNT_CONNECTIONS, 1, "in", NULL, NULL);
	log_json_new_session(s->log_session);
	log_json_set_session(s->log_session);
	log_info("connect from %s", s->peer.namaddr);
	if (!log_json_begin(&e, "connect"))
		return;
	log_json_text(&e, "client", s->peer.name);
	log_json_text(&e, "client_addr", s->peer.addr);
	log_json_end(&e);
}

void
session_lost(struct session *s, const char *how)
{
	s->aborted = how;
	counters_add(COUNT_CONNECTION_ERRORS, 1, "in", how, NULL);
	if (s->in_content)
		log_info("%s after %s (%lld bytes) from %s", how, s->where,
		    (long long)s->content_bytes, s->peer.namaddr);
	else if (strcmp(how, "lost connection") != 0 ||
	    strcmp(s->where, "END-OF-MESSAGE") != 0)
		log_info("%s after %s from %s", how, s->where,
		    s->peer.namaddr);
}

void
session_end(struct session *s)
{
	struct buf line = BUF_INIT;
	int done = 0, total = 0;
	size_t i;

	session_new_transcript(s, 0);
	for (i = 0; i < VERB_COUNT; i++) {
		if (s->total[verb_table[i].id] == 0)
			continue;
		buf_addf(&line, " %s=%d", verb_table[i].counter,
		    s->done[verb_table[i].id]);
		if (s->done[verb_table[i].id] != s->total[verb_table[i].id])
			buf_addf(&line, "/%d", s->total[verb_table[i].id]);
		done += s->done[verb_table[i].id];
		total += s->total[verb_table[i].id];
	}
	buf_addf(&line, " commands=%d", done);
	if (done != total || total == 0)
		buf_addf(&line, "/%d", total);
	log_info("disconnect from %s%s", s->peer.namaddr, line.ptr);
	log_json_set_session(NULL);
	buf_done(&line);
}
