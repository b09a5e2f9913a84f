/*
 * mapped.c - the addresses that a lookup yields
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/table/mapped.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/address_list.h"
#include "lib/table/maps.h"
#include "lib/table/search.h"

struct result {
	const struct mapped *m;
	const char	*extension;	/* to put in, "" for none */
	size_t		 count;
};

static bool
finish_address(const char *internal, size_t offset, size_t len, void *ctx)
{
	struct result *r = ctx;
	struct buf address = BUF_INIT;
	const char *at;

	(void)offset;
	(void)len;
	if (r->m->complete != NULL)
		r->m->complete(internal, &address);
	else
		buf_sets(&address, internal);
	if (*r->extension != '\0' && address.len > 0) {
		at = strrchr(address.ptr, '@');
		buf_insert(&address,
		    at != NULL ? (size_t)(at - address.ptr) : address.len,
		    r->extension, strlen(r->extension));
	}
	r->count++;
	r->m->fn(address.ptr, r->m->ctx);
	buf_done(&address);
	return true;
}

/* "@domain" means: the same user there. */
static void
add_local_part(struct buf *value, const char *address, const char *extension)
{
	struct buf internal = BUF_INIT, external = BUF_INIT;
	const char *at = strrchr(address, '@');
	size_t len = at != NULL ? (size_t)(at - address) : strlen(address);
	size_t ext = strlen(extension);

	if (ext <= len)
		len -= ext;
	buf_set(&internal, address, len);
	buf_add(&internal, value->ptr, value->len);
	address_quote(&external, internal.ptr);
	buf_swap(value, &external);
	buf_done(&internal);
	buf_done(&external);
}

enum table_result
mapped_addresses(struct maps *maps, const char *address,
    const struct mapped *m)
{
	struct buf value = BUF_INIT, extension = BUF_INIT;
	enum table_result found = search_mapping(maps, address, &extension,
	    &value);

	if (found == TABLE_FOUND &&
	    mapped_result(address, extension.ptr, &value, m) == 0) {
		log_warning("%s lookup of %s returns non-address result "
		    "\"%s\"", maps_title(maps), address, value.ptr);
		found = TABLE_RETRY;
	}
	buf_done(&value);
	buf_done(&extension);
	return found;
}

size_t
mapped_result(const char *address, const char *extension, struct buf *value,
    const struct mapped *m)
{
	struct result r = { m, m->propagates ? extension : "", 0 };

	if (value->ptr[0] == '@')
		add_local_part(value, address, extension);
	address_list_each(value->ptr, true, finish_address, &r);
	return r.count;
}

bool
mapped_propagates(const char *feature)
{
	return text_list_has(params.propagate_unmatched_extensions, feature);
}
