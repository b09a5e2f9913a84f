/*
 * rules_tls.c - restrictions about encryption and client certificates
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/rules.h"

#include "daemon/smtpd/access.h"
#include "daemon/smtpd/session.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/tls.h"
#include "lib/table/maps.h"

enum restrict_result
rule_plaintext(struct session *s, const struct ask *a)
{
	(void)a;
	if (s->tls != NULL)
		return RESTRICT_DUNNO;
	return restrict_reject(s, params.plaintext_reject_code, "4.7.1",
	    "Session encryption is required");
}

/* Is there a certificate to speak about? Nobody shows one unasked. */
static bool
has_cert(const struct session *s, const struct ask *a)
{
	if (!params.smtpd_tls_ask_ccert)
		log_warning("%s is requested, but \"smtpd_tls_ask_ccert = "
		    "no\"", a->rule->name);
	return s->tls != NULL && s->tls->has_cert;
}

/* Known by its fingerprint; who vouches for it does not matter. */
static enum restrict_result
permit_listed(struct session *s)
{
	const char *const prints[] = { s->tls->cert_print,
	    s->tls->key_print };
	struct buf value = BUF_INIT;
	enum table_result found = TABLE_NOT_FOUND;
	size_t i;

	for (i = 0; i < 2 && found == TABLE_NOT_FOUND; i++)
		if (prints[i][0] != '\0')
			found = maps_find(s->env->relay_certs, prints[i],
			    false, &value);
	buf_done(&value);
	if (found == TABLE_FOUND)
		return RESTRICT_PERMIT;
	return found == TABLE_NOT_FOUND ? RESTRICT_DUNNO :
	    restrict_server_error(s);
}

enum restrict_result
rule_permit_cert(struct session *s, const struct ask *a)
{
	if (s->tls == NULL || !has_cert(s, a))
		return RESTRICT_DUNNO;
	if (a->detail)		/* any that one of our authorities vouches for */
		return s->tls->is_trusted ? RESTRICT_PERMIT : RESTRICT_DUNNO;
	return permit_listed(s);
}

enum restrict_result
rule_cert_access(struct session *s, const struct ask *a)
{
	if (!has_cert(s, a))
		return RESTRICT_DUNNO;
	return access_cert(s, a->rule->maps, a->rule->arg, s->tls);
}
