/*
 * tlsproxy_protocol.h - how a server hands a connection to tlsproxy
 *
 *	tlsproxy	protocol=tlsproxy_protocol
 *	server		a NUL byte with the descriptor, peer=NAME timeout=SECONDS
 *	tlsproxy	status=0		it waits for the client's first bytes
 *	server		tells its client to begin, closes its own descriptor
 *
 * From then on the socket carries what was encrypted, both ways, in the clear.
 * Build dependent (spec/services.md 3.14).
 */
#ifndef DAEMON_SERVE_TLSPROXY_PROTOCOL_H
#define DAEMON_SERVE_TLSPROXY_PROTOCOL_H

#define TLSPROXY_PROTOCOL	"tlsproxy_protocol"
#define TLSPROXY_LIST_MAX	4096	/* bytes of a list, either way */

enum { TLSPROXY_OK = 0, TLSPROXY_FAILED = -1 };

#endif
