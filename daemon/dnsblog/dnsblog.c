/*
 * dnsblog.c - asks one DNS list about one client, and logs what it says
 *
 * postscreen serves many clients in one process and must never wait; so each
 * question to a list is this process's, which may. The reply says which
 * addresses were found, none for a client that is not listed or a list that
 * does not answer, and for how long that holds.
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/nameser.h>
#include <unistd.h>

#include "daemon/role.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/ipc/attr.h"
#include "lib/net/dns.h"
#include "lib/net/netaddr.h"
#include "lib/net/stream.h"

#define REQUEST_MAX	4096

/* What the list says about the client: its addresses, as one word each. */
static int
ask_list(const char *domain, const char *client, struct buf *found)
{
	char reversed[NETADDR_REVERSED_SIZE];
	struct buf name = BUF_INIT;
	struct dns_answer answer;
	struct err err = ERR_INIT;
	struct netaddr addr;
	size_t i;
	int ttl_s;

	if (netaddr_parse(&addr, client, 0, &err) == -1 ||
	    netaddr_reversed(&addr, reversed) == -1) {
		log_warning("no address to ask %s about: %.100s", domain,
		    client);
		return -1;
	}
	buf_addf(&name, "%s.%s", reversed, domain);
	switch (dns_query(name.ptr, ns_t_a, &answer, &err)) {
	case DNS_FOUND:
	case DNS_NOT_FOUND:
	case DNS_NO_DATA:
		break;
	default:
		log_warning("dnsblog_query: lookup error for DNS query %s: %s",
		    name.ptr, err.text);
	}
	for (i = 0; i < answer.count; i++) {
		if (answer.rr[i].type != ns_t_a)
			continue;
		log_info("addr %s listed by domain %s as %s", client, domain,
		    answer.rr[i].data);
		buf_addf(found, "%s%s", found->len > 0 ? " " : "",
		    answer.rr[i].data);
	}
	ttl_s = answer.ttl_s;
	dns_answer_done(&answer);
	buf_done(&name);
	return ttl_s;
}

static void
reply(struct stream *client, const struct attrs *request)
{
	const char *domain = attrs_get(request, "rbl_domain", 0),
	    *address = attrs_get(request, "client_address", 0);
	struct buf found = BUF_INIT, out = BUF_INIT;
	int32_t label;
	int ttl_s;

	if (domain == NULL || address == NULL ||
	    !attrs_int(request, "label", 0, &label)) {
		log_warning("incomplete request");
		return;
	}
	ttl_s = ask_list(domain, address, &found);
	if (params.dnsblog_reply_delay > 0)
		sleep((unsigned)params.dnsblog_reply_delay);
	attr_put_str(&out, "rbl_domain", domain);
	attr_put_str(&out, "client_address", address);
	attr_put_int(&out, "label", label);
	attr_put_str(&out, "rbl_addr", found.ptr);
	attr_put_int(&out, "ttl", ttl_s);
	attr_put_end(&out);
	/* Who asked may have stopped waiting: that is no news. */
	if (stream_write(client, out.ptr, out.len) == 0)
		stream_flush(client);
	buf_done(&found);
	buf_done(&out);
}

static void
serve(struct stream *client, const char *service, char **argv)
{
	struct attrs request;
	struct err err = ERR_INIT;

	(void)service, (void)argv;
	attrs_init(&request);
	switch (attrs_read(client, &request, REQUEST_MAX, &err)) {
	case 1:
		reply(client, &request);
		break;
	case -1:
		log_warning("request: %s", err.text);
	}
	attrs_done(&request);
}

static void
pre_jail(const char *service, char **argv)
{
	(void)service, (void)argv;
	dns_init();
}

const struct role dnsblog_role = {
	.name = "dnsblog",
	.summary = "ask a DNS list about a client, for postscreen",
	.skeleton = ROLE_SINGLE,
	.needs = ROLE_MAXPROC_0 | ROLE_NO_USE_LIMIT,
	.pre_jail = pre_jail,
	.serve = serve,
};
