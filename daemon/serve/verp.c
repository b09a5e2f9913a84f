/*
 * verp.c - a sender address that names its recipient
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/serve/verp.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/mail/address.h"

static size_t
local_len(const char *address, const char *domain)
{
	return domain != NULL ? (size_t)(domain - 1 - address) :
	    strlen(address);
}

void
verp_sender(struct buf *out, const char *sender, const char *delimiters,
    const char *recipient)
{
	const char *domain = address_domain(sender);
	const char *rcpt_domain = address_domain(recipient);

	buf_set(out, sender, local_len(sender, domain));
	buf_addc(out, delimiters[0]);
	buf_add(out, recipient, local_len(recipient, rcpt_domain));
	if (rcpt_domain != NULL) {
		buf_addc(out, delimiters[1]);
		buf_adds(out, rcpt_domain);
	}
	if (domain != NULL)
		buf_addf(out, "@%s", domain);
}
