/*
 * explain_class.c - the searches that postmap --explain can do
 *
 * A class says which parameter has the tables and which function of search.h
 * asks them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/explain_class.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/table/ip_pattern.h"
#include "lib/table/search.h"

static enum table_result
ask_mapping(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return search_mapping(maps, q->address.ptr, q->extension, value);
}

static enum table_result
ask_person(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return search_person(maps, q->address.ptr, value);
}

static enum table_result
ask_relayhost(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return search_sender(maps, q->address.ptr,
	    params.empty_address_relayhost_maps_lookup_key,
	    value);
}

static enum table_result
ask_sender_transport(const struct explain_question *q, struct maps *maps,
    struct buf *value)
{
	return search_sender(maps, q->address.ptr,
	    params.empty_address_default_transport_maps_lookup_key, value);
}

static enum table_result
ask_transport(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return search_transport(maps, q->address.ptr, value);
}

static enum table_result
ask_alias(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	struct buf name = BUF_INIT, user = BUF_INIT;
	enum table_result found;
	const char *at = strrchr(q->address.ptr, '@');

	text_fold(&name, q->address.ptr);
	if (at != NULL)		/* the local part is what is looked up */
		buf_truncate(&name, (size_t)(strrchr(name.ptr, '@') - name.ptr));
	buf_set(&user, name.ptr, address_split_extension(name.ptr, name.len,
	    params.recipient_delimiter));
	found = search_alias(maps, &name, user.ptr, value);
	buf_done(&name);
	buf_done(&user);
	return found;
}

static enum table_result
ask_nexthop(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return search_nexthop(maps, q->text, value);
}

/* "[host]:port" or "host:port": the server's name is what remains. */
static enum table_result
ask_password(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	const char *start = q->text + (q->text[0] == '[');
	char *host = xstrndup(start, strcspn(start, q->text[0] == '[' ? "]" :
	    ":"));
	enum table_result found;

	found = search_password(maps, params.smtp_sender_dependent_authentication ?
	    q->sender : NULL, host, q->text, value);
	free(host);
	return found;
}

/* "name[address]" as in the log, a name, or an address. */
static enum table_result
ask_client(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	size_t len = strcspn(q->text, "[");
	char *name = xstrndup(q->text, len), *ip;
	enum table_result found = TABLE_NOT_FOUND;
	struct ip_address parsed;
	struct buf key = BUF_INIT;

	ip = xstrdup(q->text[len] == '[' ? q->text + len + 1 :
	    ip_address_parse(&parsed, name) ? name : "");
	ip[strcspn(ip, "]")] = '\0';
	if (*name != '\0' && strcmp(name, ip) != 0)
		found = search_access_name(maps, name, &key, value);
	if (found == TABLE_NOT_FOUND && *ip != '\0')
		found = search_access_ip(maps, ip, &key, value);
	buf_done(&key);
	free(name);
	free(ip);
	return found;
}

static enum table_result
ask_helo(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	struct buf key = BUF_INIT;
	enum table_result found = search_access_name(maps, q->text, &key,
	    value);

	buf_done(&key);
	return found;
}

static enum table_result
ask_access_mail(const struct explain_question *q, struct maps *maps,
    struct buf *value)
{
	struct buf key = BUF_INIT;
	enum table_result found = search_access_mail(maps, q->address.ptr,
	    &key, value);

	buf_done(&key);
	return found;
}

static enum table_result
ask_key(const struct explain_question *q, struct maps *maps, struct buf *value)
{
	return maps_find(maps, q->text, false, value);
}

static const struct explain_class classes[] = {
	{ "access-client", NULL, ask_client, SEARCH_ADDRESSES, NULL },
	{ "access-etrn", NULL, ask_helo, SEARCH_ADDRESSES, NULL },
	{ "access-helo", NULL, ask_helo, SEARCH_ADDRESSES, NULL },
	{ "access-recipient", NULL, ask_access_mail, SEARCH_ADDRESSES, NULL },
	{ "access-sender", NULL, ask_access_mail, SEARCH_ADDRESSES, NULL },
	{ "aliases", "alias_maps", ask_alias, SEARCH_ALIASES, NULL },
	{ "bcc", "recipient_bcc_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "body-checks", "body_checks", ask_key, SEARCH_TEXT, NULL },
	{ "canonical", "canonical_maps", ask_mapping, SEARCH_ADDRESSES,
	    "canonical" },
	{ "generic", "smtp_generic_maps", ask_mapping, SEARCH_ADDRESSES,
	    "generic" },
	{ "header-checks", "header_checks", ask_key, SEARCH_TEXT, NULL },
	{ "key", "", ask_key, SEARCH_ADDRESSES, NULL },
	{ "local-recipient", "local_recipient_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "mime-header-checks", "mime_header_checks", ask_key, SEARCH_TEXT, NULL },
	{ "nested-header-checks", "nested_header_checks", ask_key, SEARCH_TEXT, NULL },
	{ "recipient-bcc", "recipient_bcc_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "recipient-canonical", "recipient_canonical_maps", ask_mapping, SEARCH_ADDRESSES,
	    "canonical" },
	{ "relay-recipient", "relay_recipient_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "relocated", "relocated_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "sasl", "smtp_sasl_password_maps", ask_password, SEARCH_ADDRESSES, NULL },
	{ "sender-bcc", "sender_bcc_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "sender-canonical", "sender_canonical_maps", ask_mapping, SEARCH_ADDRESSES,
	    "canonical" },
	{ "sender-login", "smtpd_sender_login_maps", ask_person, SEARCH_ADDRESSES, NULL },
	{ "sender-relayhost", "sender_dependent_relayhost_maps", ask_relayhost, SEARCH_ROUTING, NULL },
	{ "sender-transport", "sender_dependent_default_transport_maps", ask_sender_transport, SEARCH_ROUTING, NULL },
	{ "tls-policy", "smtp_tls_policy_maps", ask_nexthop, SEARCH_ADDRESSES, NULL },
	{ "transport", "transport_maps", ask_transport, SEARCH_ROUTING, NULL },
	{ "virtual", "virtual_alias_maps", ask_mapping, SEARCH_ADDRESSES,
	    "virtual" },
	{ "virtual-mailbox", "virtual_mailbox_maps", ask_person, SEARCH_MAILBOXES, NULL },
};

#define CLASS_COUNT	(sizeof(classes) / sizeof(classes[0]))

const struct explain_class *
explain_class_find(const char *name)
{
	size_t i;

	for (i = 0; i < CLASS_COUNT; i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	return NULL;
}

const char *
explain_class_at(size_t i)
{
	return i < CLASS_COUNT ? classes[i].name : NULL;
}
