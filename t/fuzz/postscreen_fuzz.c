/*
 * postscreen_fuzz.c - fuzz conversations with postscreen's SMTP server, and
 * the text forms of its lists and cache entries
 *
 * SPDX-License-Identifier: ISC
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/postscreen/config.h"
#include "daemon/postscreen/dnsbl_sites.h"
#include "daemon/postscreen/engine.h"
#include "daemon/postscreen/stamps.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/table/maps.h"
#include "lib/table/match_list.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config;

static void
silence(enum log_severity sev, const char *text, void *ctx)
{
	(void)sev, (void)text, (void)ctx;
}

static void
init(void)
{
	params_set_defaults(&params);
	params.myhostname = "mx.example";
	params.smtpd_banner = "mx.example";
	params.postscreen_command_count_limit = 50;
	params.postscreen_reject_footer = "\\c. $client_address\\nmore";
	params.postscreen_expansion_filter = "abc.";
	config.offers_tls = true;
	config.forbidden_commands = match_list_new("x", MATCH_STRING,
	    "CONNECT GET POST");
	config.command_filter = maps_open("x", "", 0);
	config.footers = maps_open("x", "", 0);
	config.ehlo_discard_maps = maps_open("x", "", 0);
	log_capture(silence, NULL);
}

/* Each line gets an answer that ends in CR LF, or a wish for TLS, and never mail. */
static void
talk(char *text, size_t len, unsigned due)
{
	struct engine *e = engine_new(&config,
	    &(struct caller){ "192.0.2.1", "9", "" }, "[192.0.2.1]:9", due);
	char *line = text, *end = text + len, *lf;
	bool is_bare;

	engine_greet(e);
	while (!e->is_closing && (lf = memchr(line, '\n',
	    (size_t)(end - line))) != NULL) {
		is_bare = lf == line || lf[-1] != '\r';
		lf[is_bare ? 0 : -1] = '\0';
		buf_reset(&e->out);
		engine_line(e, line, strlen(line), is_bare, lf + 1,
		    (size_t)(end - lf - 1));
		if (e->wants_tls)
			engine_tls_started(e);
		else if (e->out.len < 5 || e->out.ptr[e->out.len - 1] != '\n' ||
		    e->out.ptr[0] == '3')
			abort();
		line = lf + 1;
	}
	engine_free(e);
}

static void
parse(const char *text)
{
	struct dnsbl_sites *sites = dnsbl_sites_parse(text, NULL);
	struct buf out = BUF_INIT, again = BUF_INIT;
	struct stamps s;
	size_t i;

	for (i = 0; sites != NULL && i < dnsbl_sites_count(sites); i++)
		dnsbl_sites_score(sites, i, text);
	dnsbl_sites_free(sites);
	stamps_parse(&s, text);
	stamps_format(&s, &out);
	stamps_parse(&s, out.ptr);
	stamps_format(&s, &again);
	if (strcmp(out.ptr, again.ptr) != 0)
		abort();
	buf_done(&out);
	buf_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	int i;

	if (config.footers == NULL)
		init();
	if (size == 0 || size > 5000)
		return 0;
	for (i = 0; i < TEST_COUNT; i++)
		config.on_failure[i] = data[0] >> i & 1 ? ACTION_ENFORCE :
		    ACTION_IGNORE;
	text = xmalloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	parse(text);
	talk(text, size - 1, data[0] & TESTS_DEEP);
	free(text);
	return 0;
}
