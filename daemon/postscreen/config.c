/*
 * config.c - what main.cf says about postscreen, parsed once
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/config.h"

#include <string.h>

#include "daemon/postscreen/access.h"
#include "daemon/postscreen/dnsbl_sites.h"
#include "daemon/serve/ehlo.h"
#include "daemon/serve/tls_level.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

static enum action
parse_action(const char *name, const char *value)
{
	static const char *const words[] = {
		[ACTION_IGNORE] = "ignore", [ACTION_ENFORCE] = "enforce",
		[ACTION_DROP] = "drop"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0)
			return (enum action)i;
	/* What postscreen called it first. */
	if (strcmp(value, "continue") == 0)
		return ACTION_IGNORE;
	log_fatal("bad %s value: %s", name, value);
}

static void
set_tests(struct config *c)
{
	const struct {
		bool		 is_on;
		const char	*name, *action;
		int		 ttl_s;
	} rows[TEST_COUNT] = {
#define ROW(name, is_on, ttl_s) { is_on, #name, params.name, ttl_s }
		/* Without a first line to tempt it, no client can be told. */
		[TEST_GREET] = ROW(postscreen_greet_action,
		    params.postscreen_greet_banner[0] != '\0',
		    params.postscreen_greet_ttl),
		[TEST_DNSBL] = ROW(postscreen_dnsbl_action,
		    dnsbl_sites_count(c->dnsbl_sites) > 0, 0),
		[TEST_PIPELINING] = ROW(postscreen_pipelining_action,
		    params.postscreen_pipelining_enable,
		    params.postscreen_pipelining_ttl),
		[TEST_NON_SMTP] = ROW(postscreen_non_smtp_command_action,
		    params.postscreen_non_smtp_command_enable,
		    params.postscreen_non_smtp_command_ttl),
		[TEST_BARE_LF] = ROW(postscreen_bare_newline_action,
		    params.postscreen_bare_newline_enable,
		    params.postscreen_bare_newline_ttl),
#undef ROW
	};
	int i;

	for (i = 0; i < TEST_COUNT; i++) {
		if (rows[i].is_on)
			c->enabled |= TEST_BIT(i);
		c->on_failure[i] = parse_action(rows[i].name, rows[i].action);
		c->ttl_s[i] = rows[i].ttl_s;
	}
}

/* ---- under stress ---- */

static const char *
stressed_lookup(const char *name, void *ctx)
{
	const struct params_row *row;
	const char *set;

	(void)ctx;
	if (strcmp(name, "stress") == 0)
		return "yes";
	if ((set = params_as_set(name)) != NULL)
		return set;
	row = params_row_find(name);
	/* What is known only at run time has no default to expand. */
	return row != NULL && row->class != PARAMS_READONLY &&
	    *params_row_default(row) != '\0' ? params_row_default(row) :
	    params_lookup(name);
}

/*
 * A time as it would be if the supervisor had said stress=yes, which it does
 * to services of many processes only; we are one, and know it ourselves.
 */
static int
stressed_time(const char *name, int normal_s)
{
	const struct params_row *row = params_row_find(name);
	struct buf reference = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;
	int64_t seconds;

	buf_addf(&reference, "${%s}", name);
	if (macro_expand(&text, reference.ptr, MACRO_RECURSE, NULL,
	    stressed_lookup, NULL, &err) == -1 ||
	    num_parse_time(text.ptr, params_time_unit(params_row_default(row)),
	    &seconds, &err) == -1 || seconds < row->min ||
	    seconds > INT32_MAX) {
		log_warning("%s under stress: %s", name, err.text[0] != '\0' ?
		    err.text : "out of range");
		seconds = normal_s;
	}
	buf_done(&reference);
	buf_done(&text);
	return (int)seconds;
}

/* ---- all of it ---- */

/* Certificates and ciphers are tlsproxy's business, and so are their parameters. */
static void
warn_of_tls(const char *name, const char *value, void *ctx)
{
	(void)value, (void)ctx;
	if (strncmp(name, "postscreen_tls_", 15) == 0 &&
	    strcmp(name + 15, "security_level") != 0)
		log_warning("%s has no effect in this server: set tlsproxy_%s",
		    name, name + 11);
}

static void
set_tls(struct config *c)
{
	enum tls_level level = tls_level_of_server(
	    "postscreen_tls_security_level",
	    params.postscreen_tls_security_level, params.postscreen_enforce_tls,
	    params.postscreen_use_tls);

	params_each_set(warn_of_tls, NULL);
	c->offers_tls = level != TLS_LEVEL_NONE;
	c->requires_tls = level == TLS_LEVEL_ENCRYPT;
}

static bool
speaks_upstream(void)
{
	const char *protocol = params.postscreen_upstream_proxy_protocol;

	if (*protocol != '\0' && strcmp(protocol, "haproxy") != 0)
		log_fatal("unsupported postscreen_upstream_proxy_protocol "
		    "value: %s", protocol);
	return *protocol != '\0';
}

static void
open_tables(struct config *c)
{
#define OPEN(name, flags) maps_open(#name, params.name, flags)
	c->dnsbl_replies = OPEN(postscreen_dnsbl_reply_map, 0);
	c->command_filter = OPEN(postscreen_command_filter, 0);
	c->footers = OPEN(postscreen_reject_footer_maps, 0);
	c->ehlo_discard_maps = OPEN(postscreen_discard_ehlo_keyword_address_maps, 0);
#undef OPEN
	c->forbidden_commands = match_list_new("postscreen_forbidden_commands",
	    MATCH_STRING, params.postscreen_forbidden_commands);
	c->allowlist_interfaces = match_list_new(
	    "postscreen_allowlist_interfaces", MATCH_ADDRESS,
	    params.postscreen_allowlist_interfaces);
	c->access = access_list_new("postscreen_access_list",
	    params.postscreen_access_list);
}

struct config *
config_new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));
	struct err err = ERR_INIT;

	c->dnsbl_sites = dnsbl_sites_parse(params.postscreen_dnsbl_sites, &err);
	if (c->dnsbl_sites == NULL)
		log_fatal("%s", err.text);
	c->on_denied = parse_action("postscreen_denylist_action",
	    params.postscreen_denylist_action);
	set_tests(c);
	set_tls(c);
	c->is_proxied = speaks_upstream();
	c->ehlo_discard = ehlo_parse(params.postscreen_discard_ehlo_keywords);
	open_tables(c);
	c->greet_wait_s[0] = params.postscreen_greet_wait;
	c->command_time_s[0] = params.postscreen_command_time_limit;
	c->greet_wait_s[1] = stressed_time("postscreen_greet_wait",
	    params.postscreen_greet_wait);
	c->command_time_s[1] = stressed_time("postscreen_command_time_limit",
	    params.postscreen_command_time_limit);
	return c;
}
