/*
 * tlsmgr_protocol.h - what tlsmgr and those who ask it agree about (spec/services.md 3.8)
 */
#ifndef DAEMON_SERVE_TLSMGR_PROTOCOL_H
#define DAEMON_SERVE_TLSMGR_PROTOCOL_H

#define TLSMGR_PROTOCOL	"tlsmgr_protocol"
#define TLSMGR_LIST_MAX	65536	/* bytes of a list, either way */

enum { TLSMGR_OK = 0, TLSMGR_NONE = -1, TLSMGR_BAD = -2 };

#endif
