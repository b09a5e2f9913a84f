/*
 * debug_peer.h - more of the log for some hosts: debug_peer_list
 *
 * A client or server that stands in the list gets debug_peer_level more of what
 * -v gives, for as long as the conversation with it lasts.
 */
#ifndef DAEMON_SERVE_DEBUG_PEER_H
#define DAEMON_SERVE_DEBUG_PEER_H

/* debug_peer_init - from params; opens tables */
void	debug_peer_init(void);
/* debug_peer_begin - a conversation with this host begins; a table that fails is logged, and no match */
void	debug_peer_begin(const char *name, const char *addr);
/* debug_peer_end - as verbose again as before */
void	debug_peer_end(void);

#endif
