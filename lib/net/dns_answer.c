/*
 * dns_answer.c - what a question gives: records, or a sentence why not
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/dns.h"

#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/dns_internal.h"

/* ---- records ---- */

void
dns_rr_done(struct dns_rr *rr)
{
	free(rr->name);
	free(rr->data);
	free(rr->raw);
}

void
dns_answer_done(struct dns_answer *a)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		dns_rr_done(&a->rr[i]);
	free(a->rr);
	a->rr = NULL;
	a->count = 0;
}

struct dns_rr *
dns_answer_add(struct dns_answer *a, int type, const char *name,
    const char *data)
{
	struct dns_rr *rr;

	a->rr = xreallocarray(a->rr, a->count + 1, sizeof(*a->rr));
	rr = memset(&a->rr[a->count++], 0, sizeof(*rr));
	rr->type = (uint16_t)type;
	rr->name = xstrdup(name);
	rr->data = xstrdup(data);
	return rr;
}

void
dns_answer_move(struct dns_answer *to, struct dns_answer *from)
{
	to->rr = xreallocarray(to->rr, to->count + from->count + 1,
	    sizeof(*to->rr));
	if (from->count > 0)
		memcpy(to->rr + to->count, from->rr,
		    from->count * sizeof(*from->rr));
	to->count += from->count;
	free(from->rr);
	from->rr = NULL;
	from->count = 0;
}

/* ---- words ---- */

const char *
dns_type_name(int type, char out[12])
{
	switch (type) {
	case ns_t_a:	return "A";
	case ns_t_aaaa:	return "AAAA";
	case ns_t_mx:	return "MX";
	case ns_t_ns:	return "NS";
	case ns_t_ptr:	return "PTR";
	case ns_t_txt:	return "TXT";
	case ns_t_cname: return "CNAME";
	case ns_t_soa:	return "SOA";
	case ns_t_srv:	return "SRV";
	case DNS_T_TLSA: return "TLSA";
	}
	snprintf(out, 12, "TYPE%d", type);
	return out;
}

enum dns_result
dns_failure(enum dns_result result, const char *name, int type, struct err *err)
{
	static const struct {
		enum err_kind	kind;
		const char	*text;
	} why[] = {
		[DNS_NOT_FOUND] = { ERR_NOT_FOUND, "Host not found" },
		[DNS_NO_DATA] = { ERR_NOT_FOUND,
		    "Host found but no data record of requested type" },
		[DNS_RETRY] = { ERR_RETRY, "Host not found, try again" },
		[DNS_FAIL] = { ERR_SYNTAX,
		    "Malformed or unexpected name server reply" },
	};
	char number[12];

	if (result == DNS_NULL_MX)
		err_set(err, ERR_DENIED,
		    "Domain %s does not accept mail (nullMX)", name);
	else
		err_set(err, why[result].kind, "%sName service error for"
		    " name=%s type=%s: %s", result == DNS_FAIL ? "" :
		    "Host or domain name not found. ", name,
		    dns_type_name(type, number), why[result].text);
	return result;
}

void
dns_print(struct buf *out, const struct dns_rr *rr)
{
	char number[12];
	size_t i;

	buf_addf(out, "%s. %u IN %s ", rr->name, rr->ttl_s,
	    dns_type_name(rr->type, number));
	switch (rr->type) {
	case ns_t_mx:
		buf_addf(out, "%u %s.", rr->pref, rr->data);
		break;
	case ns_t_srv:
		buf_addf(out, "%u %u %u %s.", rr->pref, rr->weight, rr->port,
		    rr->data);
		break;
	case ns_t_ptr: case ns_t_ns: case ns_t_cname:
		buf_addf(out, "%s.", rr->data);
		break;
	case DNS_T_TLSA:
		buf_addf(out, "%d %d %d ", rr->raw[0], rr->raw[1], rr->raw[2]);
		for (i = 3; i < rr->raw_len; i++)
			buf_addf(out, "%02X", rr->raw[i]);
		break;
	default:
		buf_adds(out, rr->data);
	}
}

/* Letters, digits, hyphen, underscore; labels of 1..63. */
bool
dns_is_host_name(const char *name)
{
	size_t label = 0, len = strlen(name);
	const char *p;

	if (len == 0 || len > 255)
		return false;
	for (p = name; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789-_", *p) == NULL || ++label > 63)
			return false;
		if (*p == '-' && (label == 1 || p[1] == '.' || p[1] == '\0'))
			return false;
	}
	return label > 0;
}
