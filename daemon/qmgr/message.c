/*
 * message.c - one message in the active queue: its memory
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/qmgr/message.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static char empty_text[] = "";		/* most optional texts are empty */

void
recipient_set(char **text, const char *value)
{
	if (*text != NULL && *text != empty_text)
		free(*text);
	*text = value[0] != '\0' ? xstrdup(value) : empty_text;
}

void
recipient_done(struct recipient *r)
{
	recipient_set(&r->address, "");
	recipient_set(&r->orig, "");
	recipient_set(&r->dsn_orcpt, "");
}

struct message *
message_new(const char *id)
{
	struct message *m = xcalloc(1, sizeof(*m));

	m->id = xstrdup(id);
	m->encoding = m->filter = m->envelope_id = m->client_name =
	    m->client_addr = m->client_port = m->client_proto =
	    m->client_helo = m->sasl_method = m->sasl_username =
	    m->sasl_sender = m->log_ident = m->rewrite_context =
	    m->verp_delimiters = m->redirect = empty_text;
	return m;
}

void
message_free(struct message *m)
{
	char **texts[] = { &m->encoding, &m->filter, &m->envelope_id,
	    &m->client_name, &m->client_addr, &m->client_port,
	    &m->client_proto, &m->client_helo, &m->sasl_method,
	    &m->sasl_username, &m->sasl_sender, &m->log_ident,
	    &m->rewrite_context, &m->verp_delimiters, &m->redirect };
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		recipient_set(texts[i], "");
	for (i = 0; i < m->batch_count; i++)
		recipient_done(&m->batch[i]);
	free(m->batch);
	free(m->sender);
	free(m->id);
	free(m);
}

bool
message_more(const struct message *m)
{
	return m->next_offset > 0;
}
