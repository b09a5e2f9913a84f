/*
 * starttls.c - tlsproxy takes the socket, and we talk to it instead
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/client.h"

#include "daemon/postscreen/engine.h"

void
client_starttls(struct client *c)
{
	engine_tls_failed(c->engine);
	client_talk_on(c);
}
