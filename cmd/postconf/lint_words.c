/*
 * lint_words.c - postconf --lint: values that are one, or some, of a few words
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/postconf/lint.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"

#define TLS_SERVER	"none may encrypt"
#define TLS_CLIENT	TLS_SERVER " dane dane-only fingerprint verify secure"
#define TEST_ACTIONS	"ignore enforce drop"
#define LOCKS		"dotlock fcntl flock"
#define PROTOCOLS	"any ipv4 ipv6"
#define DNS_LEVELS	"disabled enabled dnssec"

static const struct {
	const char	*name;		/* of the parameter */
	const char	*words;
	bool		 is_list;
} few[] = {
	{ "inet_protocols", "all ipv4 ipv6", true },
	{ "lmtp_address_preference", PROTOCOLS, false },
	{ "lmtp_dns_support_level", DNS_LEVELS, false },
	{ "lmtp_tls_security_level", TLS_CLIENT, false },
	{ "mailbox_delivery_lock", LOCKS, true },
	{ "milter_default_action", "accept reject tempfail quarantine shutdown",
	    false },
	{ "notify_classes", "2bounce bounce data delay policy protocol "
	    "resource software", true },
	{ "postscreen_bare_newline_action", TEST_ACTIONS, false },
	{ "postscreen_blacklist_action", TEST_ACTIONS, false },
	{ "postscreen_denylist_action", TEST_ACTIONS, false },
	{ "postscreen_dnsbl_action", TEST_ACTIONS, false },
	{ "postscreen_greet_action", TEST_ACTIONS, false },
	{ "postscreen_non_smtp_command_action", TEST_ACTIONS, false },
	{ "postscreen_pipelining_action", TEST_ACTIONS, false },
	{ "postscreen_tls_security_level", TLS_SERVER, false },
	{ "receive_override_options", "no_unknown_recipient_checks "
	    "no_address_mappings no_header_body_checks no_milters", true },
	{ "smtp_address_preference", PROTOCOLS, false },
	{ "smtp_dns_support_level", DNS_LEVELS, false },
	{ "smtp_tls_security_level", TLS_CLIENT, false },
	{ "smtpd_tls_security_level", TLS_SERVER, false },
	{ "tlsproxy_tls_security_level", TLS_SERVER, false },
	{ "virtual_mailbox_lock", LOCKS, true },
};

static bool
is_one_of(const char *words, const char *word)
{
	size_t len = strlen(word), n;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == len && strncasecmp(words, word, n) == 0)
			return true;
	}
	return false;
}

void
lint_words(struct lint *l, const struct lint_value *v)
{
	struct buf fix = BUF_INIT;
	char *copy, *rest, *word;
	size_t i;

	for (i = 0; i < sizeof(few) / sizeof(few[0]) &&
	    strcmp(few[i].name, v->name) != 0; i++)
		;
	if (i == sizeof(few) / sizeof(few[0]))
		return;
	buf_setf(&fix, "%s %s", few[i].is_list ? "any of" : "one of",
	    few[i].words);
	copy = rest = xstrdup(v->text);
	while ((word = few[i].is_list ? text_split(&rest, TEXT_LIST_SEP) :
	    rest) != NULL && *word != '\0') {
		if (!is_one_of(few[i].words, word))
			lint_add(l, v->file, v->line, LINT_ERROR, "type-bad",
			    fix.ptr, "%s: \"%s\" is none of its words",
			    v->name, word);
		if (!few[i].is_list)
			break;
	}
	free(copy);
	buf_done(&fix);
}
