/*
 * rules_login.c - restrictions about who is logged in
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/smtpd/access.h"
#include "daemon/smtpd/env.h"
#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/route/rewrite.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

/* Whoever logs in as nobody has proven nothing. */
enum restrict_result
rule_permit_login(struct session *s, const struct ask *a)
{
	(void)a;
	return params.smtpd_sasl_auth_enable && s->sasl_method != NULL &&
	    strcasecmp(s->sasl_method, "ANONYMOUS") != 0 ? RESTRICT_PERMIT :
	    RESTRICT_DUNNO;
}

static void
warn_no_sasl(const char *name)
{
	log_warning("restriction `%s' ignored: no SASL support", name);
}

enum restrict_result
rule_login_access(struct session *s, const struct ask *a)
{
	if (!params.smtpd_sasl_auth_enable) {
		warn_no_sasl(a->rule->name);
		return RESTRICT_DUNNO;
	}
	if (s->sasl_username == NULL)
		return RESTRICT_DUNNO;
	return access_login(s, a->rule->maps, a->rule->arg);
}

/* Who owns the sender address? */
static enum table_result
find_owners(struct session *s, struct buf *owners)
{
	struct resolve_reply r;
	enum table_result found;

	rule_resolve(s, s->sender, &r);
	found = search_person(s->env->login_maps, r.recipient->ptr, owners);
	resolve_reply_done(&r);
	if (found == TABLE_FOUND && owners->len == 0) {
		log_warning("%s lookup of %s returns an empty string result",
		    "smtpd_sender_login_maps", s->sender);
		log_warning("%s should return NO RESULT in case of NOT FOUND",
		    "smtpd_sender_login_maps");
		found = TABLE_BROKEN;
	}
	return found;
}

static bool
is_among(const char *user, char *owners)
{
	char *word;

	while ((word = text_split(&owners, TEXT_LIST_SEP)) != NULL)
		if (strcasecmp(word, user) == 0)
			return true;
	return false;
}

static enum restrict_result
judge(struct session *s, unsigned who, enum table_result found,
    char *owners)
{
	const char *user = s->sasl_username;

	if (found != TABLE_FOUND && found != TABLE_NOT_FOUND)
		return restrict_server_error(s);
	if (user == NULL)
		return found == TABLE_NOT_FOUND ? RESTRICT_DUNNO :
		    restrict_reject(s, 553, "5.7.1", "<%s>: Sender address "
		    "rejected: not logged in", s->sender);
	if (found == TABLE_FOUND ? is_among(user, owners) :
	    who == MISMATCH_KNOWN)
		return RESTRICT_DUNNO;
	return restrict_reject(s, 553, "5.7.1", "<%s>: Sender address "
	    "rejected: not owned by user %s", s->sender, user);
}

enum restrict_result
rule_login_mismatch(struct session *s, const struct ask *a)
{
	struct buf owners = BUF_INIT;
	enum restrict_result result;
	unsigned who = (unsigned)a->detail;
	enum table_result found;

	if (!params.smtpd_sasl_auth_enable) {
		if (who == MISMATCH_ANY) {	/* it stands for two */
			warn_no_sasl("reject_authenticated_sender_login_mismatch");
			warn_no_sasl("reject_unauthenticated_sender_login_mismatch");
		} else {
			warn_no_sasl(a->rule->name);
		}
		return RESTRICT_DUNNO;
	}
	if (s->sender == NULL || s->sender[0] == '\0')
		return RESTRICT_DUNNO;
	if (who != MISMATCH_KNOWN && (who & (s->sasl_username != NULL ?
	    MISMATCH_USER : MISMATCH_STRANGER)) == 0)
		return RESTRICT_DUNNO;
	found = find_owners(s, &owners);
	result = judge(s, who, found, owners.ptr);
	buf_done(&owners);
	return result;
}
