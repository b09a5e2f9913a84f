/*
 * auth_cache.c - which logins failed: a wrong password, tried for each
 * message, locks an account
 *
 *	host ";" user  ->  time ";" base64(SHA-1(password)) ";" status ";" reply
 *
 * A new password is tried at once. The file is the peer's as well, so the
 * digest is not ours to choose; it guards nothing that the password table
 * beside it does not have in the clear.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "daemon/smtp/auth.h"
#include "lib/base/base64.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

static void
put_digest(struct buf *out, const char *password)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(password, strlen(password), digest, &len, EVP_sha1(),
	    NULL) != 1)
		log_fatal("no SHA-1 digest");
	base64_encode(out, digest, len);
}

static void
put_key(struct buf *out, const char *host, const char *user)
{
	buf_addf(out, "%s;%s", host, user);
}

/* Is the entry young, and about this password? Its fields are cut apart. */
static bool
is_valid(const struct auth_config *c, char *entry, const char *password,
    struct buf *status, struct buf *text)
{
	char *when = strsep(&entry, ";"), *digest = strsep(&entry, ";"),
	    *dsn = strsep(&entry, ";");
	struct buf own = BUF_INIT;
	int64_t time;
	bool ok;

	if (entry == NULL ||
	    num_parse_int(when, 0, INT64_MAX, &time, NULL) == -1) {
		log_warning("%s: bad entry", c->cache_name);
		return false;
	}
	put_digest(&own, password);
	ok = strcmp(own.ptr, digest) == 0 &&
	    clock_now() - time < c->cache_time_s;
	buf_done(&own);
	buf_sets(status, dsn);
	buf_sets(text, entry);
	return ok;
}

bool
auth_cache_find(const struct auth_config *c, const char *host,
    const char *user, const char *password, struct buf *status,
    struct buf *text)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;
	bool ok = false;

	if (c->cache == NULL)
		return false;
	put_key(&key, host, user);
	switch (table_lookup(c->cache, key.ptr, &value, &err)) {
	case TABLE_FOUND:
		ok = is_valid(c, value.ptr, password, status, text);
		break;
	case TABLE_NOT_FOUND:
		break;
	default:		/* then it is tried: as without a cache */
		log_warning("%s: %s", c->cache_name, err.text);
	}
	buf_done(&key);
	buf_done(&value);
	return ok;
}

void
auth_cache_store(const struct auth_config *c, const char *host,
    const char *user, const char *password, const char *status,
    const char *text)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct err err = ERR_INIT;

	if (c->cache == NULL)
		return;
	put_key(&key, host, user);
	buf_addf(&value, "%lld;", (long long)clock_now());
	put_digest(&value, password);
	buf_addf(&value, ";%s;%s", status, text);
	if (table_update(c->cache, key.ptr, value.ptr, &err) == -1)
		log_warning("%s: %s", c->cache_name, err.text);
	buf_done(&key);
	buf_done(&value);
}

void
auth_cache_forget(const struct auth_config *c, const char *host,
    const char *user)
{
	struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	if (c->cache == NULL)
		return;
	put_key(&key, host, user);
	switch (table_delete(c->cache, key.ptr, &err)) {
	case TABLE_FOUND:
	case TABLE_NOT_FOUND:
		break;
	default:
		log_warning("%s: %s", c->cache_name, err.text);
	}
	buf_done(&key);
}
