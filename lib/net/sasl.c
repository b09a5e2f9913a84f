/*
 * sasl.c - proving who one is: which back end does it
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/sasl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/net/sasl_internal.h"

struct sasl_authority {
	const struct sasl_server_ops *ops;
	void		*own;
};

struct sasl_check {
	const struct sasl_server_ops *ops;
	void		*own;
};

struct sasl_login {
	const struct sasl_client_ops *ops;
	void		*own;
};

static const struct sasl_server_ops *const servers[] = {
	&sasl_cyrus_server, &sasl_dovecot_server
};
static const struct sasl_client_ops *const clients[] = { &sasl_cyrus_client };
static const struct sasl_client_ops *client;	/* of this process */

#define COUNT(array)	(sizeof(array) / sizeof(array[0]))

int
sasl_security_parse(unsigned *out, const char *text, struct err *err)
{
	static const struct {
		const char	*word;
		unsigned	 bit;
	} words[] = {
		{ "noplaintext", SASL_NO_PLAINTEXT },
		{ "noactive", SASL_NO_ACTIVE },
		{ "nodictionary", SASL_NO_DICTIONARY },
		{ "forward_secrecy", SASL_FORWARD_SECRECY },
		{ "noanonymous", SASL_NO_ANONYMOUS },
		{ "mutual_auth", SASL_MUTUAL_AUTH }
	};
	char *copy = xstrdup(text), *rest = copy, *word;
	size_t i;
	int rc = 0;

	*out = 0;
	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		for (i = 0; i < COUNT(words) &&
		    strcasecmp(word, words[i].word) != 0; i++)
			;
		if (i < COUNT(words))
			*out |= words[i].bit;
		else
			rc = err_set(err, ERR_CONFIG, "unknown SASL security "
			    "options value \"%s\" in \"%s\"", word, text);
	}
	free(copy);
	return rc;
}

unsigned
sasl_security_need(const char *text)
{
	struct err err = ERR_INIT;
	unsigned bits;

	if (sasl_security_parse(&bits, text, &err) == -1)
		log_fatal("%s", err.text);
	return bits;
}

/* ---- servers ---- */

struct sasl_authority *
sasl_authority_new(const struct sasl_setup *setup, struct err *err)
{
	struct sasl_authority *a;
	void *own;
	size_t i;

	for (i = 0; i < COUNT(servers) &&
	    strcmp(setup->type, servers[i]->type) != 0; i++)
		;
	if (i == COUNT(servers)) {
		err_set(err, ERR_CONFIG, "unsupported SASL server "
		    "implementation: %s", setup->type);
		return NULL;
	}
	if ((own = servers[i]->authority_new(setup, err)) == NULL)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	a->ops = servers[i];
	a->own = own;
	return a;
}

void
sasl_authority_free(struct sasl_authority *a)
{
	if (a == NULL)
		return;
	a->ops->authority_free(a->own);
	free(a);
}

struct sasl_check *
sasl_check_new(struct sasl_authority *a, const struct sasl_peer *peer,
    unsigned security, struct err *err)
{
	void *own = a->ops->check_new(a->own, peer, security, err);
	struct sasl_check *c;

	if (own == NULL)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->ops = a->ops;
	c->own = own;
	return c;
}

void
sasl_check_free(struct sasl_check *c)
{
	if (c == NULL)
		return;
	c->ops->check_free(c->own);
	free(c);
}

const char *
sasl_check_mechanisms(const struct sasl_check *c)
{
	return c->ops->mechanisms(c->own);
}

enum sasl_step
sasl_check_first(struct sasl_check *c, const char *mechanism,
    const char *response, struct buf *text)
{
	buf_reset(text);
	return c->ops->first(c->own, mechanism, response, text);
}

enum sasl_step
sasl_check_next(struct sasl_check *c, const char *response, struct buf *text)
{
	buf_reset(text);
	return c->ops->next(c->own, response, text);
}

const char *
sasl_check_user(const struct sasl_check *c)
{
	return c->ops->user(c->own);
}

/* ---- clients ---- */

int
sasl_login_init(const char *type, const char *config_path, struct err *err)
{
	size_t i;

	for (i = 0; i < COUNT(clients) &&
	    strcmp(type, clients[i]->type) != 0; i++)
		;
	if (i == COUNT(clients))
		return err_set(err, ERR_CONFIG, "unsupported SASL client "
		    "implementation: %s", type);
	client = clients[i];
	return client->init(config_path, err);
}

struct sasl_login *
sasl_login_new(const char *service, const char *host,
    const struct sasl_credentials *who, unsigned security, struct err *err)
{
	void *own = client->login_new(service, host, who, security, err);
	struct sasl_login *l;

	if (own == NULL)
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->ops = client;
	l->own = own;
	return l;
}

void
sasl_login_free(struct sasl_login *l)
{
	if (l == NULL)
		return;
	l->ops->login_free(l->own);
	free(l);
}

enum sasl_step
sasl_login_first(struct sasl_login *l, const char *mechanisms,
    const char **mechanism, struct buf *text)
{
	buf_reset(text);
	return l->ops->first(l->own, mechanisms, mechanism, text);
}

enum sasl_step
sasl_login_next(struct sasl_login *l, const char *challenge, struct buf *text)
{
	buf_reset(text);
	return l->ops->next(l->own, challenge, text);
}
