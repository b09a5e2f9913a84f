/*
 * table_explain.c - which key was tried where, and which line matched
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/table_explain.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

/* How a feature turns a key into searches (spec/tables.md 15 to 17). */
enum search { BY_ADDRESS, BY_TRANSPORT, BY_ALIAS, BY_HOST, BY_NEXTHOP,
	BY_KEY };

static const struct class {
	const char	*name;
	const char	*parameter;
	const char	*style;		/* parameter that decides parent style */
	enum search	 search;
	enum maps_strategy strategy;
	enum maps_form	 form;
	unsigned	 flags;
} classes[] = {
	{ "access-client", NULL, "smtpd_access_maps", BY_HOST, MAPS_ACCESS, MAPS_BOTH, TABLE_FOLD },
	{ "access-helo", NULL, "smtpd_access_maps", BY_HOST, MAPS_ACCESS, MAPS_BOTH, TABLE_FOLD },
	{ "access-recipient", NULL, "smtpd_access_maps", BY_ADDRESS, MAPS_ACCESS, MAPS_BOTH, TABLE_FOLD },
	{ "access-sender", NULL, "smtpd_access_maps", BY_ADDRESS, MAPS_ACCESS, MAPS_BOTH, TABLE_FOLD },
	{ "aliases", "alias_maps", NULL, BY_ALIAS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD | TABLE_NO_REGSUB | TABLE_NO_PROXY | TABLE_NO_UNAUTH },
	{ "body-checks", "body_checks", NULL, BY_KEY, MAPS_DEFAULT, MAPS_BOTH, 0 },
	{ "canonical", "canonical_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_EXTERNAL, TABLE_FOLD },
	{ "generic", "smtp_generic_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_EXTERNAL, TABLE_FOLD },
	{ "header-checks", "header_checks", NULL, BY_KEY, MAPS_DEFAULT, MAPS_BOTH, 0 },
	{ "local-recipient", "local_recipient_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "recipient-bcc", "recipient_bcc_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "recipient-canonical", "recipient_canonical_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_EXTERNAL, TABLE_FOLD },
	{ "relay-recipient", "relay_recipient_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "relocated", "relocated_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "sasl", "smtp_sasl_password_maps", NULL, BY_KEY, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "sender-bcc", "sender_bcc_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "sender-canonical", "sender_canonical_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_EXTERNAL, TABLE_FOLD },
	{ "sender-login", "smtpd_sender_login_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "tls-policy", "smtp_tls_policy_maps", NULL, BY_NEXTHOP, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
	{ "transport", "transport_maps", "transport_maps", BY_TRANSPORT, MAPS_DOMAIN, MAPS_BOTH, TABLE_FOLD | TABLE_NO_REGSUB },
	{ "virtual", "virtual_alias_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_EXTERNAL, TABLE_FOLD },
	{ "virtual-mailbox", "virtual_mailbox_maps", NULL, BY_ADDRESS, MAPS_DEFAULT, MAPS_BOTH, TABLE_FOLD },
};

#define CLASS_COUNT	(sizeof(classes) / sizeof(classes[0]))

const char *
table_explain_class_at(size_t i)
{
	return i < CLASS_COUNT ? classes[i].name : NULL;
}

struct story {
	FILE		*out;
	int		 step;
	struct buf	 key;
};

static void
tell(void *ctx, const struct maps *maps, struct table *t, const char *key,
    bool was_asked, enum table_result rc, const char *value)
{
	static const char *const words[] = { "HIT", "miss", "FAILED: try again later", "FAILED: broken" };
	struct story *s = ctx;
	int line;

	(void)maps;
	buf_reset(&s->key);
	text_printable(&s->key, key, strlen(key), true);
	if (!was_asked) {
		fprintf(s->out, "   %-28s \"%s\"  not asked\n", table_name(t),
		    s->key.ptr);
		return;
	}
	fprintf(s->out, "%2d %-28s \"%s\"  %s", ++s->step, table_name(t),
	    s->key.ptr, words[rc]);
	if (rc == TABLE_FOUND) {
		if ((line = table_line(t, key)) != 0)
			fprintf(s->out, "  line %d", line);
		fprintf(s->out, " -> %s", value);
	}
	putc('\n', s->out);
}

static enum table_result
is_local(const char *domain)
{
	static struct match_list *destinations;

	if (strcasecmp(domain, params.myorigin) == 0)
		return TABLE_FOUND;
	if (destinations == NULL)
		destinations = match_list_new("mydestination", MATCH_STRING,
		    params.mydestination);
	return match_list_find(destinations, domain, NULL);
}

/* local(8): the name, then the name without its extension; no partial keys. */
static enum table_result
find_alias(struct maps *maps, const char *name, struct buf *value)
{
	size_t len = strlen(name), plain;
	enum table_result rc = maps_find(maps, name, false, value);
	char *cut;

	plain = address_split_extension(name, len, params.recipient_delimiter);
	if (rc != TABLE_NOT_FOUND || plain == len)
		return rc;
	cut = xstrndup(name, plain);
	rc = maps_find(maps, cut, false, value);
	free(cut);
	return rc;
}

/* The next hop as given; a plain domain also by its parents, all full keys. */
static enum table_result
find_nexthop(struct maps *maps, const char *nexthop, struct buf *value)
{
	enum table_result rc = maps_find(maps, nexthop, false, value);
	const char *dot = nexthop;

	if (*nexthop == '[' || strchr(nexthop, ':') != NULL)
		return rc;
	while (rc == TABLE_NOT_FOUND && (dot = strchr(dot + 1, '.')) != NULL)
		rc = maps_find(maps, dot, false, value);
	return rc;
}

static enum table_result
search(const struct class *class, struct maps *maps, const char *key,
    struct buf *value)
{
	bool style = class->style != NULL && maps_parent_style(class->style);
	struct buf internal = BUF_INIT;
	struct ip_address ip;
	enum table_result rc = TABLE_NOT_FOUND;

	switch (class->search) {
	case BY_ADDRESS:
	case BY_TRANSPORT:
		address_unquote(&internal, key);
		rc = maps_find_address(maps, internal.ptr, class->strategy,
		    class->form, style, is_local, NULL, value);
		if (rc == TABLE_NOT_FOUND && class->search == BY_TRANSPORT)
			rc = maps_find(maps, "*", true, value);
		break;
	case BY_ALIAS:
		rc = find_alias(maps, key, value);
		break;
	case BY_HOST:
		rc = ip_address_parse(&ip, key) ?
		    maps_find_ip(maps, key, value) :
		    maps_find_domain(maps, key, style, value);
		break;
	case BY_NEXTHOP:
		rc = find_nexthop(maps, key, value);
		break;
	case BY_KEY:
		rc = maps_find(maps, key, false, value);
		break;
	}
	buf_done(&internal);
	return rc;
}

int
table_explain(const char *name, const char *tables, const char *key,
    FILE *out, struct err *err)
{
	const struct class *class = NULL;
	struct story story = { out, 0, BUF_INIT };
	struct buf value = BUF_INIT;
	enum table_result rc;
	struct maps *maps;
	size_t i;

	for (i = 0; i < CLASS_COUNT && class == NULL; i++)
		if (strcmp(classes[i].name, name) == 0)
			class = &classes[i];
	if (class == NULL)
		return err_set(err, ERR_CONFIG, "unknown class \"%s\"; "
		    "--explain help lists them", name);
	if (tables == NULL && class->parameter != NULL)
		tables = params_lookup(class->parameter);
	if (tables == NULL && class->parameter == NULL)
		return err_set(err, ERR_CONFIG, "class %s needs --tables: no "
		    "parameter of main.cf names its tables", name);
	fprintf(out, "%s = %s\n", class->parameter != NULL ?
	    class->parameter : name, tables != NULL ? tables : "");
	maps = maps_open(class->parameter != NULL ? class->parameter : name,
	    tables, class->flags | TABLE_UTF8);
	maps_trace(tell, &story);
	rc = search(class, maps, key, &value);
	maps_trace(NULL, NULL);
	if (rc == TABLE_FOUND)
		fprintf(out, "result %s\n", value.ptr);
	else
		fputs(rc == TABLE_NOT_FOUND ? "no result\n" :
		    "no result: a table failed\n", out);
	maps_free(maps);
	buf_done(&value);
	buf_done(&story.key);
	if (rc == TABLE_RETRY || rc == TABLE_BROKEN)
		return err_set(err, ERR_RETRY, "%s: table lookup failed", name);
	return rc == TABLE_NOT_FOUND;
}
