/*
 * pipe_args.c - what stands behind "pipe" in master.cf
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/pipe/pipe_args.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/conf/macro.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"

static const struct {
	char		letter;
	unsigned	flag;
} flag_letters[] = {
	{ 'B', PIPE_BLANK }, { 'D', PIPE_DELIVERED }, { 'F', PIPE_FROM },
	{ 'O', PIPE_ORIGINAL }, { 'R', PIPE_RETURN }, { 'X', PIPE_FINAL },
	{ 'h', PIPE_FOLD_HOST }, { 'u', PIPE_FOLD_USER },
	{ 'q', PIPE_QUOTE }, { '.', PIPE_DOT }, { '>', PIPE_QUOTE_FROM },
};

static int
parse_flags(struct pipe_args *pa, const char *text, struct err *err)
{
	size_t i;

	for (; *text != '\0'; text++) {
		for (i = 0; i < sizeof(flag_letters) /
		    sizeof(flag_letters[0]); i++)
			if (flag_letters[i].letter == *text)
				break;
		if (i == sizeof(flag_letters) / sizeof(flag_letters[0]))
			return err_set(err, ERR_CONFIG, "unknown flag: %c",
			    *text);
		pa->flags |= flag_letters[i].flag;
	}
	return 0;
}

/* "\r\n" as it is written in master.cf. */
static char *
parse_escapes(const char *text)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	struct buf out = BUF_INIT;
	const char *at;

	for (; *text != '\0'; text++) {
		if (*text != '\\' || text[1] == '\0') {
			buf_addc(&out, *text);
			continue;
		}
		text++;
		if (*text >= '0' && *text <= '7') {
			int n = 0, digits = 0;

			while (digits++ < 3 && *text >= '0' && *text <= '7')
				n = n * 8 + (*text++ - '0');
			text--;
			buf_addc(&out, n);
		} else if ((at = strchr(from, *text)) != NULL)
			buf_addc(&out, to[at - from]);
		else
			buf_addc(&out, *text);
	}
	return buf_take(&out);
}

static void
replace(char **where, const char *value)
{
	free(*where);
	*where = xstrdup(value);
}

static int
parse_user(struct pipe_args *pa, const char *value)
{
	const char *colon = strchr(value, ':');

	free(pa->user);
	pa->user = colon == NULL ? xstrdup(value) :
	    xstrndup(value, (size_t)(colon - value));
	if (colon != NULL)
		replace(&pa->group, colon + 1);
	return 0;
}

/* The value behind "name=", NULL when the word is another attribute. */
static const char *
value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ?
	    word + n + 1 : NULL;
}

static int
parse_attribute(struct pipe_args *pa, const char *word, struct err *err)
{
	const char *v;
	int64_t n;

	if ((v = value_of(word, "flags")) != NULL)
		return parse_flags(pa, v, err);
	if ((v = value_of(word, "user")) != NULL)
		return parse_user(pa, v);
	if ((v = value_of(word, "chroot")) != NULL)
		replace(&pa->chroot_dir, v);
	else if ((v = value_of(word, "directory")) != NULL)
		replace(&pa->directory, v);
	else if ((v = value_of(word, "null_sender")) != NULL)
		replace(&pa->null_sender, v);
	else if ((v = value_of(word, "eol")) != NULL) {
		free(pa->eol);
		pa->eol = parse_escapes(v);
	} else if ((v = value_of(word, "size")) != NULL) {
		if (num_parse_int(v, 0, INT32_MAX, &n, NULL) == -1)
			return err_set(err, ERR_CONFIG,
			    "bad size: attribute: \"%s\"", v);
		pa->size_limit = (long)n;
	} else
		return err_set(err, ERR_CONFIG, "unknown attribute name: %s",
		    word);
	return 0;
}

int
pipe_args_parse(struct pipe_args *pa, char **words, struct err *err)
{
	const char *first = NULL;

	memset(pa, 0, sizeof(*pa));
	for (; *words != NULL && first == NULL; words++) {
		first = value_of(*words, "argv");
		if (first == NULL && parse_attribute(pa, *words, err) == -1)
			return -1;
	}
	if (first == NULL)
		return err_set(err, ERR_CONFIG,
		    "missing command name \"argv=...\"");
	if (pa->user == NULL || *pa->user == '\0')
		return err_set(err, ERR_CONFIG,
		    "missing user= command-line attribute");
	pa->argv = xcalloc(1, sizeof(*pa->argv));
	for (; first != NULL; first = *words != NULL ? *words++ : NULL) {
		if (*first == '\0' && pa->argc == 0)
			continue;	/* "argv= command" */
		pa->argv = xreallocarray(pa->argv, pa->argc + 2,
		    sizeof(*pa->argv));
		pa->argv[pa->argc++] = xstrdup(first);
		pa->argv[pa->argc] = NULL;
	}
	if (pa->argc == 0)
		return err_set(err, ERR_CONFIG,
		    "missing command name \"argv=...\"");
	return 0;
}

void
pipe_args_done(struct pipe_args *pa)
{
	free(pa->user);
	free(pa->group);
	free(pa->chroot_dir);
	free(pa->directory);
	free(pa->eol);
	free(pa->null_sender);
	pipe_argv_free(pa->argv);
	memset(pa, 0, sizeof(*pa));
}

void
pipe_argv_free(char **argv)
{
	char **p;

	for (p = argv; p != NULL && *p != NULL; p++)
		free(*p);
	free(argv);
}

/* ---- macros ---- */

/* One recipient taken apart as the macros want it. */
struct parts {
	const struct pipe_args	 *pa;
	const struct pipe_macros *macros;
	struct buf		  recipient, original, user, extension,
				  domain, mailbox, sender, nexthop, size;
	bool			  names_recipient;	/* a per-recipient macro was met */
	struct buf		  unknown;	/* a macro that does not exist */
};

static void
add_external(struct buf *out, const struct pipe_args *pa,
    const char *internal)
{
	if ((pa->flags & PIPE_QUOTE) != 0)
		address_quote(out, internal);
	else
		buf_adds(out, internal);
}

/* Fold the two halves of an address as the flags u and h say. */
static void
fold_address(struct buf *out, const struct pipe_args *pa, const char *address)
{
	const char *domain = address_domain(address);
	size_t n = domain == NULL ? strlen(address) :
	    (size_t)(domain - 1 - address);
	char *local = xstrndup(address, n);

	if ((pa->flags & PIPE_FOLD_USER) != 0)
		text_fold(out, local);
	else
		buf_adds(out, local);
	free(local);
	if (domain == NULL)
		return;
	buf_addc(out, '@');
	if ((pa->flags & PIPE_FOLD_HOST) != 0)
		text_fold(out, domain);
	else
		buf_adds(out, domain);
}

static void
set_recipient(struct parts *p, const struct pipe_rcpt *rcpt)
{
	struct buf folded = BUF_INIT;
	const char *domain;
	size_t local_len, split;

	fold_address(&folded, p->pa, rcpt->address);
	domain = address_domain(folded.ptr);
	local_len = domain == NULL ? folded.len :
	    (size_t)(domain - 1 - folded.ptr);
	split = address_split_extension(folded.ptr, local_len,
	    params.recipient_delimiter);
	buf_reset(&p->recipient);
	add_external(&p->recipient, p->pa, folded.ptr);
	buf_reset(&p->original);
	add_external(&p->original, p->pa, rcpt->original);
	buf_set(&p->mailbox, folded.ptr, local_len);
	buf_set(&p->user, folded.ptr, split);
	buf_reset(&p->extension);
	if (split < local_len)
		buf_set(&p->extension, folded.ptr + split + 1,
		    local_len - split - 1);
	buf_sets(&p->domain, domain != NULL ? domain : "");
	buf_done(&folded);
}

static const struct {
	const char	*name;
	size_t		 offset;	/* of a struct buf in struct parts */
} rcpt_macros[] = {
	{ "recipient",		offsetof(struct parts, recipient) },
	{ "original_recipient",	offsetof(struct parts, original) },
	{ "user",		offsetof(struct parts, user) },
	{ "extension",		offsetof(struct parts, extension) },
	{ "domain",		offsetof(struct parts, domain) },
	{ "mailbox",		offsetof(struct parts, mailbox) },
}, own_macros[] = {
	{ "sender",		offsetof(struct parts, sender) },
	{ "nexthop",		offsetof(struct parts, nexthop) },
	{ "size",		offsetof(struct parts, size) },
};

static const struct {
	const char	*name;
	size_t		 offset;	/* of a const char * in struct pipe_macros */
} given_macros[] = {
	{ "queue_id",		offsetof(struct pipe_macros, queue_id) },
	{ "envid",		offsetof(struct pipe_macros, envelope_id) },
	{ "client_address",	offsetof(struct pipe_macros, client_address) },
	{ "client_helo",	offsetof(struct pipe_macros, client_helo) },
	{ "client_hostname",	offsetof(struct pipe_macros, client_hostname) },
	{ "client_port",	offsetof(struct pipe_macros, client_port) },
	{ "client_protocol",	offsetof(struct pipe_macros, client_protocol) },
	{ "sasl_method",	offsetof(struct pipe_macros, sasl_method) },
	{ "sasl_sender",	offsetof(struct pipe_macros, sasl_sender) },
	{ "sasl_username",	offsetof(struct pipe_macros, sasl_username) },
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const char *
find_macro(const char *name, void *ctx)
{
	struct parts *p = ctx;
	const char *value;
	size_t i;

	for (i = 0; i < COUNT(rcpt_macros); i++)
		if (strcmp(name, rcpt_macros[i].name) == 0) {
			p->names_recipient = true;
			return ((struct buf *)(void *)((char *)p +
			    rcpt_macros[i].offset))->ptr;
		}
	for (i = 0; i < COUNT(own_macros); i++)
		if (strcmp(name, own_macros[i].name) == 0)
			return ((struct buf *)(void *)((char *)p +
			    own_macros[i].offset))->ptr;
	for (i = 0; i < COUNT(given_macros); i++)
		if (strcmp(name, given_macros[i].name) == 0) {
			memcpy(&value, (const char *)p->macros +
			    given_macros[i].offset, sizeof(value));
			return value;
		}
	buf_sets(&p->unknown, name);
	return NULL;
}

static void
parts_init(struct parts *p, const struct pipe_args *pa,
    const struct pipe_macros *macros)
{
	memset(p, 0, sizeof(*p));
	p->pa = pa;
	p->macros = macros;
	buf_init(&p->recipient);
	buf_init(&p->original);
	buf_init(&p->user);
	buf_init(&p->extension);
	buf_init(&p->domain);
	buf_init(&p->mailbox);
	buf_init(&p->sender);
	buf_init(&p->nexthop);
	buf_init(&p->size);
	buf_init(&p->unknown);
	if (macros->sender[0] == '\0')
		buf_sets(&p->sender, pa->null_sender != NULL ?
		    pa->null_sender : "MAILER-DAEMON");
	else
		add_external(&p->sender, pa, macros->sender);
	if ((pa->flags & PIPE_FOLD_HOST) != 0)
		text_fold(&p->nexthop, macros->nexthop);
	else
		buf_sets(&p->nexthop, macros->nexthop);
	buf_setf(&p->size, "%ld", macros->size);
}

static void
parts_done(struct parts *p)
{
	buf_done(&p->recipient);
	buf_done(&p->original);
	buf_done(&p->user);
	buf_done(&p->extension);
	buf_done(&p->domain);
	buf_done(&p->mailbox);
	buf_done(&p->sender);
	buf_done(&p->nexthop);
	buf_done(&p->size);
	buf_done(&p->unknown);
}

char **
pipe_args_expand(const struct pipe_args *pa, const struct pipe_macros *macros,
    const struct pipe_rcpt *rcpts, size_t count, struct err *err)
{
	struct buf out = BUF_INIT;
	struct parts p;
	char **argv = xcalloc(1, sizeof(*argv));
	size_t n = 0, i, r;
	int rc = 0;

	parts_init(&p, pa, macros);
	for (i = 0; i < pa->argc && rc == 0; i++) {
		p.names_recipient = false;
		for (r = 0; r < count && rc == 0; r++) {
			set_recipient(&p, &rcpts[r]);
			buf_reset(&out);
			rc = macro_expand(&out, pa->argv[i], 0, NULL,
			    find_macro, &p, err);
			argv = xreallocarray(argv, n + 2, sizeof(*argv));
			argv[n++] = xstrdup(out.ptr);
			argv[n] = NULL;
			if (rc == 0 && p.unknown.len > 0)
				rc = err_set(err, ERR_CONFIG, "unknown macro "
				    "name: \"%s\"", p.unknown.ptr);
			if (!p.names_recipient)
				break;
		}
	}
	parts_done(&p);
	buf_done(&out);
	if (rc == 0)
		return argv;
	pipe_argv_free(argv);
	return NULL;
}
