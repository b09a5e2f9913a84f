/*
 * ldap_link.c - connections to directory servers, bound and shared
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/module/ldap_link.h"

#include <sasl/sasl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/table/table_config.h"
#include "lib/table/module/sigpipe.h"

#define DEFAULT_PORT	389
#define TIMEOUT_S	10

enum bind_how { BIND_NONE, BIND_SIMPLE, BIND_SASL };

struct ldap_link {
	char		*id;		/* all settings, to find equal ones */
	unsigned	 refs;
	struct ldap_link *next;
	LDAP		*ld;		/* NULL: not connected */
	char		*urls;
	enum bind_how	 bind;
	char		*bind_dn, *bind_pw;
	char		*sasl_mechs, *sasl_realm, *sasl_authz_id;
	int		 sasl_minssf;
	int		 version, timeout_s, dereference, debuglevel;
	bool		 starts_tls, requires_cert, chases_referrals;
	char		*tls_ca_file, *tls_ca_dir, *tls_cert, *tls_key;
	char		*tls_ciphers;
};

static struct ldap_link *links;

/* Settings that are only text: where they go, and that they make up the id. */
static const struct {
	const char	*name;
	size_t		 at;
} texts[] = {
	{ "bind_dn",		offsetof(struct ldap_link, bind_dn) },
	{ "bind_pw",		offsetof(struct ldap_link, bind_pw) },
	{ "sasl_mechs",		offsetof(struct ldap_link, sasl_mechs) },
	{ "sasl_realm",		offsetof(struct ldap_link, sasl_realm) },
	{ "sasl_authz_id",	offsetof(struct ldap_link, sasl_authz_id) },
	{ "tls_ca_cert_file",	offsetof(struct ldap_link, tls_ca_file) },
	{ "tls_ca_cert_dir",	offsetof(struct ldap_link, tls_ca_dir) },
	{ "tls_cert",		offsetof(struct ldap_link, tls_cert) },
	{ "tls_key",		offsetof(struct ldap_link, tls_key) },
	{ "tls_cipher_suite",	offsetof(struct ldap_link, tls_ciphers) },
};

#define TEXT_COUNT	(sizeof(texts) / sizeof(texts[0]))

static char **
text_at(struct ldap_link *l, size_t i)
{
	return (char **)((char *)l + texts[i].at);
}

static void
disconnect(struct ldap_link *l)
{
	struct sigaction held;

	if (l->ld == NULL)
		return;
	held = sigpipe_hold();
	ldap_unbind_ext_s(l->ld, NULL, NULL);
	sigpipe_release(held);
	l->ld = NULL;
}

static void
link_free(struct ldap_link *l)
{
	size_t i;

	disconnect(l);
	for (i = 0; i < TEXT_COUNT; i++)
		free(*text_at(l, i));
	free(l->urls);
	free(l->id);
	free(l);
}

/* Hosts and URLs, as one list of URLs for the library. */
static char *
read_urls(const struct table_config *c, int port)
{
	char *copy = xstrdup(table_config_text(c, "server_host", "localhost")),
	    *rest = copy, *word, *after;
	struct buf urls = BUF_INIT;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (urls.len > 0)
			buf_addc(&urls, ' ');
		if (strstr(word, "://") != NULL) {
			buf_adds(&urls, word);
			continue;
		}
		buf_addf(&urls, "ldap://%s", word);
		after = *word == '[' ? strchr(word, ']') : word;
		if (after == NULL || strchr(after, ':') == NULL)
			buf_addf(&urls, ":%d", port);
	}
	free(copy);
	return buf_take(&urls);
}

static int
read_yes_no(const struct table_config *c, const char *name, bool *out,
    struct err *err)
{
	const char *text = table_config_text(c, name, "no");

	*out = strcasecmp(text, "yes") == 0;
	if (*out || strcasecmp(text, "no") == 0)
		return 0;
	return err_set(err, ERR_CONFIG, "%s: bad boolean configuration: "
	    "%s = %s", table_config_name(c), name, text);
}

static int
read_bind(struct ldap_link *l, const struct table_config *c, struct err *err)
{
	static const struct {
		const char	*word;
		enum bind_how	 how;
	} words[] = {
		{ "yes", BIND_SIMPLE }, { "simple", BIND_SIMPLE },
		{ "no", BIND_NONE }, { "none", BIND_NONE },
		{ "sasl", BIND_SASL },
	};
	const char *text = table_config_text(c, "bind", "yes");
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i].word) == 0) {
			l->bind = words[i].how;
			return 0;
		}
	return err_set(err, ERR_CONFIG, "%s: unsupported parameter value: "
	    "bind = %s", table_config_name(c), text);
}

static int
read_settings(struct ldap_link *l, const struct table_config *c,
    struct err *err)
{
	const char *name = table_config_name(c);
	struct buf id = BUF_INIT;
	bool wants_cache;
	int port;
	size_t i;

	for (i = 0; i < TEXT_COUNT; i++)
		*text_at(l, i) = xstrdup(table_config_text(c, texts[i].name,
		    ""));
	if (read_bind(l, c, err) == -1 ||
	    read_yes_no(c, "start_tls", &l->starts_tls, err) == -1 ||
	    read_yes_no(c, "tls_require_cert", &l->requires_cert, err) == -1 ||
	    read_yes_no(c, "chase_referrals", &l->chases_referrals,
	    err) == -1 || read_yes_no(c, "cache", &wants_cache, err) == -1 ||
	    table_config_int(c, "server_port", DEFAULT_PORT, 0, &port,
	    err) == -1 || table_config_int(c, "version", 3, 0, &l->version,
	    err) == -1 || table_config_int(c, "timeout", TIMEOUT_S, 1,
	    &l->timeout_s, err) == -1 || table_config_int(c, "dereference", 0,
	    0, &l->dereference, err) == -1 || table_config_int(c,
	    "debuglevel", 0, 0, &l->debuglevel, err) == -1 ||
	    table_config_int(c, "sasl_minssf", 0, 0, &l->sasl_minssf,
	    err) == -1)
		return -1;
	if (wants_cache)
		log_warning("%s: cache = yes: no directory library caches "
		    "any more", name);
	if (l->version != 2 && l->version != 3) {
		log_warning("%s: unknown version %d, using 3", name,
		    l->version);
		l->version = 3;
	}
	if (l->version == 2 && (l->starts_tls || l->bind == BIND_SASL)) {
		log_warning("%s: %s requires protocol version 3", name,
		    l->starts_tls ? "start_tls" : "bind = sasl");
		l->version = 3;
	}
	if (l->dereference > 3) {
		log_warning("%s: unrecognized value %d for dereference, "
		    "using 0", name, l->dereference);
		l->dereference = 0;
	}
	l->urls = read_urls(c, port);
	buf_setf(&id, "%s\t%d %d %d %d %d %d %d %d %d", l->urls, l->bind,
	    l->version, l->timeout_s, l->dereference, l->debuglevel,
	    l->sasl_minssf, l->starts_tls, l->requires_cert,
	    l->chases_referrals);
	for (i = 0; i < TEXT_COUNT; i++)
		buf_addf(&id, "\t%s", *text_at(l, i));
	l->id = buf_take(&id);
	return 0;
}

struct ldap_link *
ldap_link_open(const struct table_config *c, struct err *err)
{
	struct ldap_link *l = xcalloc(1, sizeof(*l)), *old;

	if (read_settings(l, c, err) == -1) {
		link_free(l);
		return NULL;
	}
	for (old = links; old != NULL; old = old->next)
		if (strcmp(old->id, l->id) == 0) {
			link_free(l);
			old->refs++;
			return old;
		}
	l->refs = 1;
	l->next = links;
	links = l;
	return l;
}

void
ldap_link_close(struct ldap_link *l)
{
	struct ldap_link **at;

	if (l == NULL || --l->refs > 0)
		return;
	for (at = &links; *at != l; at = &(*at)->next)
		;
	*at = l->next;
	link_free(l);
}

static int
set_text(struct ldap_link *l, int option, const char *text)
{
	return *text == '\0' ? LDAP_SUCCESS :
	    ldap_set_option(l->ld, option, text);
}

static int
set_tls(struct ldap_link *l)
{
	int how = l->requires_cert ? LDAP_OPT_X_TLS_DEMAND :
	    LDAP_OPT_X_TLS_ALLOW, client = 0, rc;

	if ((rc = ldap_set_option(l->ld, LDAP_OPT_X_TLS_REQUIRE_CERT,
	    &how)) != LDAP_SUCCESS ||
	    (rc = set_text(l, LDAP_OPT_X_TLS_CACERTFILE,
	    l->tls_ca_file)) != LDAP_SUCCESS ||
	    (rc = set_text(l, LDAP_OPT_X_TLS_CACERTDIR,
	    l->tls_ca_dir)) != LDAP_SUCCESS ||
	    (rc = set_text(l, LDAP_OPT_X_TLS_CERTFILE,
	    l->tls_cert)) != LDAP_SUCCESS ||
	    (rc = set_text(l, LDAP_OPT_X_TLS_KEYFILE,
	    l->tls_key)) != LDAP_SUCCESS ||
	    (rc = set_text(l, LDAP_OPT_X_TLS_CIPHER_SUITE,
	    l->tls_ciphers)) != LDAP_SUCCESS)
		return rc;
	/* Nothing of the above holds before this. */
	return ldap_set_option(l->ld, LDAP_OPT_X_TLS_NEWCTX, &client);
}

static bool
uses_tls(const struct ldap_link *l)
{
	return l->starts_tls || strstr(l->urls, "ldaps://") != NULL;
}

static int
set_options(struct ldap_link *l)
{
	const struct timeval limit = { .tv_sec = l->timeout_s };
	int rc;

	if ((rc = ldap_set_option(l->ld, LDAP_OPT_PROTOCOL_VERSION,
	    &l->version)) != LDAP_SUCCESS ||
	    (rc = ldap_set_option(l->ld, LDAP_OPT_NETWORK_TIMEOUT,
	    &limit)) != LDAP_SUCCESS ||
	    (rc = ldap_set_option(l->ld, LDAP_OPT_TIMEOUT,
	    &limit)) != LDAP_SUCCESS ||
	    (rc = ldap_set_option(l->ld, LDAP_OPT_DEREF,
	    &l->dereference)) != LDAP_SUCCESS ||
	    (rc = ldap_set_option(l->ld, LDAP_OPT_REFERRALS,
	    l->chases_referrals ? LDAP_OPT_ON : LDAP_OPT_OFF)) !=
	    LDAP_SUCCESS)
		return rc;
	if (l->debuglevel > 0)
		ldap_set_option(NULL, LDAP_OPT_DEBUG_LEVEL, &l->debuglevel);
	if (l->sasl_minssf > 0)
		ldap_set_option(l->ld, LDAP_OPT_X_SASL_SSF_MIN,
		    &(ber_len_t){ (ber_len_t)l->sasl_minssf });
	return uses_tls(l) ? set_tls(l) : LDAP_SUCCESS;
}

/* What the SASL library asks for. */
static int
sasl_answer(LDAP *ld, unsigned flags, void *ctx, void *questions)
{
	const struct ldap_link *l = ctx;
	sasl_interact_t *q;

	(void)ld, (void)flags;
	for (q = questions; q->id != SASL_CB_LIST_END; q++) {
		const char *text = "";

		switch (q->id) {
		case SASL_CB_GETREALM:
			text = l->sasl_realm;
			break;
		case SASL_CB_AUTHNAME:
			text = l->bind_dn;
			break;
		case SASL_CB_USER:
			text = l->sasl_authz_id;
			break;
		case SASL_CB_PASS:
			text = l->bind_pw;
			break;
		}
		q->result = text;
		q->len = (unsigned)strlen(text);
	}
	return LDAP_SUCCESS;
}

static int
bind_now(struct ldap_link *l)
{
	struct berval password = { strlen(l->bind_pw), l->bind_pw };

	switch (l->bind) {
	case BIND_SIMPLE:
		return ldap_sasl_bind_s(l->ld, l->bind_dn, LDAP_SASL_SIMPLE,
		    &password, NULL, NULL, NULL);
	case BIND_SASL:
		return ldap_sasl_interactive_bind_s(l->ld, NULL,
		    *l->sasl_mechs != '\0' ? l->sasl_mechs : NULL, NULL, NULL,
		    LDAP_SASL_QUIET, sasl_answer, l);
	default:
		return LDAP_SUCCESS;
	}
}

/* An LDAP result code; err unless LDAP_SUCCESS. */
static int
connect_now(struct ldap_link *l, struct err *err)
{
	const char *step = "init";
	int rc = ldap_initialize(&l->ld, l->urls);

	if (rc == LDAP_SUCCESS) {
		step = "options";
		rc = set_options(l);
	}
	if (rc == LDAP_SUCCESS && l->starts_tls) {
		step = "STARTTLS";
		rc = ldap_start_tls_s(l->ld, NULL, NULL);
	}
	if (rc == LDAP_SUCCESS) {
		step = "bind";
		rc = bind_now(l);
	}
	if (rc == LDAP_SUCCESS)
		return rc;
	err_set(err, ERR_RETRY, "%s to server %s%s%s: %d (%s)", step, l->urls,
	    *l->bind_dn != '\0' ? " with dn " : "", l->bind_dn, rc,
	    ldap_err2string(rc));
	disconnect(l);
	return rc;
}

/* Failures after which the connection is of no use. */
static bool
is_lost(int rc)
{
	return rc == LDAP_SERVER_DOWN || rc == LDAP_TIMEOUT ||
	    rc == LDAP_UNAVAILABLE || rc == LDAP_CONNECT_ERROR ||
	    rc == LDAP_BUSY || rc == LDAP_LOCAL_ERROR ||
	    rc == LDAP_ENCODING_ERROR || rc == LDAP_DECODING_ERROR;
}

int
ldap_link_search(struct ldap_link *l, const char *base, int scope,
    const char *filter, char **attrs, int size_limit, LDAPMessage **found,
    struct err *err)
{
	struct timeval limit = { .tv_sec = l->timeout_s };
	struct sigaction held = sigpipe_hold();
	bool was_up;
	int rc;

	do {
		was_up = l->ld != NULL;
		*found = NULL;
		if (!was_up && (rc = connect_now(l, err)) != LDAP_SUCCESS)
			break;
		rc = ldap_search_ext_s(l->ld, base, scope, filter, attrs, 0,
		    NULL, NULL, &limit, size_limit, found);
		if (rc == LDAP_SUCCESS)
			break;
		err_set(err, ERR_RETRY, "search error %d: %s", rc,
		    ldap_err2string(rc));
		ldap_msgfree(*found);
		*found = NULL;
		if (is_lost(rc))
			disconnect(l);
		/* Time that is up would not be less up with a new connection. */
	} while (was_up && is_lost(rc) && rc != LDAP_TIMEOUT);
	sigpipe_release(held);
	return rc;
}

LDAP *
ldap_link_handle(struct ldap_link *l)
{
	return l->ld;
}
