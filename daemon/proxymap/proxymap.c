/*
 * proxymap.c - look tables up for processes that cannot open them
 *
 * A chrooted smtpd asks here for passwd entries; a hundred of them share one
 * database connection. Only tables that main.cf lists are opened, and only
 * the proxywrite service changes any. One table object serves all clients; a
 * table whose file changed is opened anew. Protocol: spec/services.md 3.7.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "daemon/role.h"
#include "daemon/serve/serve_clients.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/table/table.h"

#define REQUEST_MAX	(1 << 20)
#define WIRE_PATTERN	(1 << 5)

enum reply { REPLY_OK, REPLY_NO_KEY, REPLY_RETRY, REPLY_BAD, REPLY_DENIED,
	REPLY_CONFIG };

struct approved {
	UT_hash_handle	 hh;
	char		 name[];	/* "type:name" */
};

struct opened {
	UT_hash_handle	 hh;
	struct table	*table;
	char		*name;
	unsigned	 flags;
	char		 key[];		/* "FLAGS type:name" */
};

static struct approved *approved;
static struct opened *tables;
static bool may_write;

/* Flag bits on the wire and ours; the rest of the bits is the client's business. */
static const struct {
	int		bit;
	unsigned	ours;
} flag_bits[] = {
	{ 0, TABLE_DUP_WARN }, { 1, TABLE_DUP_IGNORE }, { 2, TABLE_TRY0NULL },
	{ 3, TABLE_TRY1NULL }, { 7, TABLE_DUP_REPLACE },
	{ 11, TABLE_NO_REGSUB }, { 12, TABLE_NO_PROXY },
	{ 13, TABLE_NO_UNAUTH }, { 14, TABLE_FOLD }, { 19, TABLE_UTF8 },
	{ 21, TABLE_VALUE_IS_FILE },
};

static unsigned
flags_from_wire(int32_t wire)
{
	unsigned flags = 0;
	size_t i;

	for (i = 0; i < sizeof(flag_bits) / sizeof(flag_bits[0]); i++)
		if (((uint32_t)wire >> flag_bits[i].bit & 1) != 0)
			flags |= flag_bits[i].ours;
	return flags;
}

static const char *
without_proxy(const char *name)
{
	while (strncmp(name, "proxy:", 6) == 0)
		name += 6;
	return name;
}

/* ------------------------------------------------------------- tables */

static void
approve(const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	struct approved *a;
	size_t len;

	while ((word = text_split_braced(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strncmp(word, "proxy:", 6) != 0)
			continue;
		word = (char *)(size_t)without_proxy(word);
		HASH_FIND_STR(approved, word, a);
		if (a != NULL)
			continue;
		len = strlen(word);
		a = xmalloc(sizeof(*a) + len + 1);
		memcpy(a->name, word, len + 1);
		HASH_ADD_KEYPTR(hh, approved, a->name, len, a);
	}
	free(copy);
}

static bool
is_approved(const char *name)
{
	struct approved *a;

	HASH_FIND_STR(approved, name, a);
	if (a != NULL)
		return true;
	log_warning("request for unapproved table: \"%s\"", name);
	log_warning("to approve this table for %s access, list proxy:%s "
	    "in main.cf:%s", may_write ? "read-write" : "read-only", name,
	    may_write ? "proxy_write_maps" : "proxy_read_maps");
	return false;
}

static struct table *
open_table(const char *name, unsigned flags)
{
	/*
	 * A table that cannot be opened answers "try again" and says why. Those
	 * that may be written are caches: each change is over at once.
	 */
	return table_open(name, may_write ? TABLE_WRITE : TABLE_READ,
	    flags | TABLE_SURROGATE | (may_write ? TABLE_OPEN_LOCK |
	    TABLE_MAY_CREATE : 0), NULL);
}

static struct opened *
find_table(const char *name, unsigned flags)
{
	struct buf key = BUF_INIT;
	struct opened *o;

	buf_setf(&key, "%u %s", flags, name);
	HASH_FIND_STR(tables, key.ptr, o);
	if (o == NULL) {
		o = xmalloc(sizeof(*o) + key.len + 1);
		memcpy(o->key, key.ptr, key.len + 1);
		o->name = xstrdup(name);
		o->flags = flags;
		o->table = open_table(name, flags);
		HASH_ADD_KEYPTR(hh, tables, o->key, key.len, o);
	} else if (!may_write && table_has_changed(o->table)) {
		table_close(o->table);
		o->table = open_table(o->name, o->flags);
	}
	buf_done(&key);
	return o;
}

/* ----------------------------------------------------------- requests */

static enum reply
reply_of(enum table_result result, const struct table *t,
    const struct err *err)
{
	switch (result) {
	case TABLE_FOUND:
		return REPLY_OK;
	case TABLE_NOT_FOUND:
		return REPLY_NO_KEY;
	case TABLE_RETRY:
	case TABLE_BROKEN:
		break;
	}
	if (err->text[0] != '\0')
		log_warning("%s: %s", table_name(t), err->text);
	return result == TABLE_RETRY ? REPLY_RETRY : REPLY_CONFIG;
}

static void
put_status(struct buf *out, enum reply status)
{
	attr_put_int(out, "status", (int32_t)status);
}

static void
answer_open(const struct attrs *a, struct opened *o, int32_t wire,
    struct buf *out)
{
	(void)a;
	put_status(out, REPLY_OK);
	attr_put_int(out, "flags", table_is_pattern(o->table) ?
	    wire | WIRE_PATTERN : wire);
}

static void
answer_lookup(const struct attrs *a, struct opened *o, int32_t wire,
    struct buf *out)
{
	const char *key = attrs_get(a, "key", 0);
	struct buf value = BUF_INIT;
	struct err err = ERR_INIT;
	enum reply status = REPLY_BAD;

	(void)wire;
	if (key != NULL)
		status = reply_of(table_lookup(o->table, key, &value, &err),
		    o->table, &err);
	put_status(out, status);
	attr_put_str(out, "value", status == REPLY_OK ? value.ptr : "");
	buf_done(&value);
}

static void
answer_update(const struct attrs *a, struct opened *o, int32_t wire,
    struct buf *out)
{
	const char *key = attrs_get(a, "key", 0);
	const char *value = attrs_get(a, "value", 0);
	struct err err = ERR_INIT;
	enum reply status = REPLY_OK;

	(void)wire;
	if (!may_write)
		status = REPLY_DENIED;
	else if (key == NULL || value == NULL)
		status = REPLY_BAD;
	else if (table_update(o->table, key, value, &err) == -1)
		status = reply_of(TABLE_RETRY, o->table, &err);
	put_status(out, status);
}

static void
answer_delete(const struct attrs *a, struct opened *o, int32_t wire,
    struct buf *out)
{
	const char *key = attrs_get(a, "key", 0);
	struct err err = ERR_INIT;
	enum reply status = REPLY_BAD;

	(void)wire;
	if (!may_write)
		status = REPLY_DENIED;
	else if (key != NULL)
		status = reply_of(table_delete(o->table, key, &err), o->table,
		    &err);
	put_status(out, status);
}

static void
answer_sequence(const struct attrs *a, struct opened *o, int32_t wire,
    struct buf *out)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;
	enum reply status = REPLY_BAD;
	int32_t function;

	(void)wire;
	if (attrs_int(a, "function", 0, &function) &&
	    (function == 0 || function == 1))
		status = reply_of(table_next(o->table, function == 0, &key,
		    &value, &err), o->table, &err);
	put_status(out, status);
	attr_put_str(out, "key", status == REPLY_OK ? key.ptr : "");
	attr_put_str(out, "value", status == REPLY_OK ? value.ptr : "");
	buf_done(&key);
	buf_done(&value);
}

static const struct request {
	const char	*name;
	void		(*answer)(const struct attrs *a, struct opened *o,
			    int32_t wire, struct buf *out);
	const char	*texts[3];	/* of the reply, empty when refused */
} requests[] = {
	{ "open",	answer_open,		{ NULL } },
	{ "lookup",	answer_lookup,		{ "value", NULL } },
	{ "update",	answer_update,		{ NULL } },
	{ "delete",	answer_delete,		{ NULL } },
	{ "sequence",	answer_sequence,	{ "key", "value", NULL } },
};

/* A reply of the right shape that says no. */
static void
refuse(const struct request *r, enum reply status, struct buf *out)
{
	int i;

	put_status(out, status);
	if (r != NULL && r->answer == answer_open)
		attr_put_int(out, "flags", 0);
	for (i = 0; r != NULL && r->texts[i] != NULL; i++)
		attr_put_str(out, r->texts[i], "");
}

static bool
answer(const struct attrs *a, void **state, struct buf *out)
{
	const char *name = attrs_get(a, "request", 0);
	const char *table = attrs_get(a, "table", 0);
	const struct request *r = NULL;
	int32_t wire;
	size_t i;

	(void)state;
	for (i = 0; name != NULL &&
	    i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(name, requests[i].name) == 0)
			r = &requests[i];
	if (r == NULL)
		log_warning("unrecognized request: \"%.100s\", ignored",
		    name != NULL ? name : "");
	if (r == NULL || table == NULL || !attrs_int(a, "flags", 0, &wire)) {
		refuse(r, REPLY_BAD, out);
	} else if (!is_approved(table = without_proxy(table))) {
		refuse(r, REPLY_DENIED, out);
	} else {
		r->answer(a, find_table(table, flags_from_wire(wire)), wire,
		    out);
	}
	attr_put_end(out);
	return true;
}

static const struct serve_protocol protocol = {
	.parse = attrs_parse,
	.request_max = REQUEST_MAX,
	.answer = answer,
};

static void
proxymap_start(const char *service, char **argv)
{
	(void)argv;
	may_write = strcmp(service, params.proxywrite_service_name) == 0;
	/* At the end the supervisor signals its group: what is being written is finished first. */
	if (may_write)
		setsid();
	approve(may_write ? params.proxy_write_maps : params.proxy_read_maps);
}

const struct role proxymap_role = {
	.name = "proxymap",
	.summary = "look tables up for processes that cannot open them",
	.skeleton = ROLE_MULTI,
	.greeting = "proxymap_protocol",
	.post_jail = proxymap_start,
	.protocol = &protocol,
};
