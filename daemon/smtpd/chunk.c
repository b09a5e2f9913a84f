/*
 * chunk.c - BDAT: content in chunks of known length (RFC 3030)
 *
 * A chunk cannot be misread as commands: what the client announced is read
 * and, after a refusal, dropped. Lines may begin in one chunk and end in
 * another; the last chunk ends the last line.
 *
 *	NONE --chunk--> TAKING --last chunk--> NONE
 *	  \--- refused ---> FAILED --last chunk, RSET, EHLO--> NONE
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/smtpd/env.h"
#include "daemon/smtpd/milter_session.h"
#include "daemon/smtpd/proxy.h"
#include "daemon/smtpd/session.h"
#include "daemon/smtpd/verbs.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/conf/params.h"

static const char *
log_id(const struct session *s)
{
	return s->queue_id != NULL ? s->queue_id : "NOQUEUE";
}

/* The rest of this chunk, and all others, are read and dropped. */
static void
fail(struct session *s)
{
	if (s->is_last_chunk)
		session_reset_mail(s);
	else
		s->bdat = BDAT_FAILED;
	s->errors++;
	if (!s->has_fault)
		session_fault(s, FAULT_PROTOCOL);
}

static void
end_chunk(struct session *s)
{
	s->in_content = false;
	if (s->skips_chunk) {
		s->skips_chunk = false;
		return;
	}
	if (s->is_last_chunk) {
		if (s->partial.len > 0 || s->in_line)
			session_end_line(s);
		session_finish(s);
		return;
	}
	s->done[VERB_BDAT]++;
	session_reply(s, "250 2.0.0 Ok: %lld bytes",
	    (long long)s->chunk_bytes);
}

size_t
session_chunk(struct session *s, const char *data, size_t len)
{
	if ((int64_t)len > s->chunk_left)
		len = (size_t)s->chunk_left;
	if (!s->skips_chunk)
		session_take_lines(s, data, len);
	s->chunk_left -= (int64_t)len;
	if (s->chunk_left == 0)
		end_chunk(s);
	return len;
}

/* What keeps this chunk from being taken; false after a reply. */
static bool
may_take(struct session *s)
{
	const char *refusal;

	if (s->chunk_bytes == 0 && !s->is_last_chunk) {
		session_fault(s, FAULT_NONE);
		log_warning("%s: null BDAT request from %s", log_id(s),
		    s->peer.namaddr);
		session_reply(s, "551 5.7.1 Null BDAT request");
	} else if (s->bdat == BDAT_FAILED) {
		session_fault(s, FAULT_NONE);
		session_reply(s, "551 5.0.0 Discarded %lld bytes after "
		    "earlier error", (long long)s->chunk_bytes);
	} else if (s->rcpt_count == 0 && s->sender == NULL) {
		session_reply(s, "503 5.5.1 Error: need RCPT command");
	} else if (s->rcpt_count == 0) {
		session_fault(s, FAULT_NONE);
		session_reply(s, "554 5.5.1 Error: no valid recipients");
	} else if (s->bdat == BDAT_NONE &&
	    ((refusal = restrict_data(s)) != NULL ||
	    (refusal = milter_session_data(s)) != NULL)) {
		session_reply(s, "%s", refusal);
	} else if (params.message_size_limit > 0 && s->chunk_bytes >
	    params.message_size_limit - s->content_bytes) {
		session_fault(s, FAULT_POLICY);
		log_warning("%s: BDAT request from %s exceeds message size "
		    "limit", log_id(s), s->peer.namaddr);
		session_reply(s, "552 5.3.4 Chunk exceeds message size limit");
	} else {
		return s->bdat != BDAT_NONE || s->proxy == NULL ||
		    proxy_data(s);
	}
	return false;
}

static bool
parse_chunk(struct session *s, const struct words *w)
{
	char *count;
	bool ok;

	if (w->count != 2 && !(w->count == 3 && span_ieq(w->w[2], "LAST")))
		return false;
	count = xstrndup(w->w[1].ptr, w->w[1].len);
	ok = *count != '\0' && strspn(count, "0123456789") == strlen(count) &&
	    num_parse_int(count, 0, INT64_MAX / 2, &s->chunk_bytes, NULL) == 0;
	free(count);
	s->is_last_chunk = w->count == 3;
	return ok;
}

bool
verb_bdat(struct session *s, const struct words *w)
{
	if ((s->ehlo_discard & EHLO_CHUNKING) != 0) {
		/* Its chunk follows, and nobody knows where that ends. */
		session_reply(s, "521 5.5.1 Error: command not implemented");
		return false;
	}
	if (!parse_chunk(s, w)) {
		log_warning("%s: malformed BDAT command syntax from %s: "
		    "%.100s", log_id(s), s->peer.namaddr, w->w[0].ptr);
		session_reply(s, "521 5.5.4 Syntax: BDAT count [LAST]");
		return false;
	}
	s->skips_chunk = !may_take(s);
	if (s->skips_chunk) {
		fail(s);
	} else if (s->bdat == BDAT_NONE) {
		session_begin_content(s);
		s->bdat = BDAT_TAKING;
	}
	s->chunk_left = s->chunk_bytes;
	s->in_content = s->chunk_left > 0;
	if (!s->in_content)
		end_chunk(s);
	return true;
}
