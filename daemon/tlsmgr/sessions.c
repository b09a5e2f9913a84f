/*
 * sessions.c - sessions that may go on, in a table for each kind
 *
 * An entry is "TIME BASE64": when it came, in seconds, and the session. What
 * another program has left under such a name is no such entry, and goes with
 * the next cleanup.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/tlsmgr/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/serve/expiring_cache.h"
#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/tls_grammar.h"

struct sessions {
	const char	*name;
	const char	*const *database, *const *loglevel;
	const int	*timeout_s;
	struct expiring_cache *cache;	/* NULL: none is kept */
	bool		 is_verbose;
};

static struct sessions kinds[] = {
	{ .name = "smtpd",
	    .database = &params.smtpd_tls_session_cache_database,
	    .loglevel = &params.smtpd_tls_loglevel,
	    .timeout_s = &params.smtpd_tls_session_cache_timeout },
	{ .name = "smtp",
	    .database = &params.smtp_tls_session_cache_database,
	    .loglevel = &params.smtp_tls_loglevel,
	    .timeout_s = &params.smtp_tls_session_cache_timeout },
	{ .name = "lmtp",
	    .database = &params.lmtp_tls_session_cache_database,
	    .loglevel = &params.lmtp_tls_loglevel,
	    .timeout_s = &params.lmtp_tls_session_cache_timeout }
};
#define COUNT	(sizeof(kinds) / sizeof(kinds[0]))

/* Where the session begins; NULL: this is no entry, or one of times gone by. */
static const char *
text_of(const struct sessions *s, const char *value)
{
	long long came;
	char *end;

	errno = 0;
	came = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != ' ' ||
	    came > clock_now() || came + *s->timeout_s <= clock_now())
		return NULL;
	return end + 1;
}

static bool
is_of_use(void *ctx, const char *key, const char *value)
{
	(void)key;
	return text_of(ctx, value) != NULL;
}

bool
sessions_find(struct sessions *s, const char *id, struct buf *out)
{
	struct buf value = BUF_INIT;
	const char *text;
	bool found;

	if (s->is_verbose)
		log_info("lookup %s session id=%s", s->name, id);
	found = expiring_cache_find(s->cache, id, &value) &&
	    (text = text_of(s, value.ptr)) != NULL &&
	    base64_decode(out, text, strlen(text));
	buf_done(&value);
	return found;
}

void
sessions_save(struct sessions *s, const char *id, const struct buf *bytes)
{
	struct buf value = BUF_INIT;

	if (s->is_verbose)
		log_info("put %s session id=%s [data %zu bytes]", s->name, id,
		    bytes->len);
	buf_addf(&value, "%lld ", (long long)clock_now());
	base64_encode(&value, bytes->ptr, bytes->len);
	expiring_cache_store(s->cache, id, value.ptr);
	buf_done(&value);
}

void
sessions_drop(struct sessions *s, const char *id)
{
	if (s->is_verbose)
		log_info("delete %s session id=%s", s->name, id);
	expiring_cache_drop(s->cache, id);
}

struct sessions *
sessions_of(const char *kind)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return &kinds[i];
	return NULL;
}

int
sessions_timeout(const struct sessions *s)
{
	return s->cache != NULL ? *s->timeout_s : 0;
}

/* Each has its entries' time; two in one table would drop each other's. */
static bool
is_shared(const struct sessions *s)
{
	const struct sessions *other;

	for (other = kinds; other < s; other++)
		if (other->cache != NULL &&
		    strcmp(*other->database, *s->database) == 0) {
			log_warning("%s_tls_session_cache_database = %s is "
			    "that of %s: %s sessions are not kept", s->name,
			    *s->database, other->name, s->name);
			return true;
		}
	return false;
}

void
sessions_open(void)
{
	struct sessions *s;
	unsigned log;

	for (s = kinds; s < kinds + COUNT; s++) {
		log = 0;
		tls_log_parse(&log, *s->loglevel);	/* who logs it complains of it */
		s->is_verbose = (log & TLS_LOG_VERBOSE) != 0;
		if ((*s->database)[0] == '\0' || *s->timeout_s <= 0 ||
		    is_shared(s))
			continue;
		if (s->is_verbose)
			log_info("open %s TLS cache %s", s->name,
			    *s->database);
		s->cache = expiring_cache_open(*s->database, is_of_use, s);
	}
}

void
sessions_start_cleanup(struct event_base *base)
{
	struct sessions *s;

	for (s = kinds; s < kinds + COUNT; s++)
		expiring_cache_start_cleanup(s->cache, base, *s->timeout_s);
}

void
sessions_close(void)
{
	struct sessions *s;

	for (s = kinds; s < kinds + COUNT; s++) {
		expiring_cache_close(s->cache);
		s->cache = NULL;
	}
}
