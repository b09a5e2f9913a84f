/*
 * mynetworks.h - the default of mynetworks, from this machine's interfaces
 */
#ifndef LIB_CONF_MYNETWORKS_H
#define LIB_CONF_MYNETWORKS_H

struct buf;
struct err;

/*
 * mynetworks_default - append "127.0.0.0/8 192.0.2.0/24 [::1]/128 ..."
 *
 * style	"host", "subnet" or "class" (mynetworks_style)
 * interfaces	inet_interfaces: "all", "loopback-only", or addresses
 * protocols	inet_protocols
 *
 * Returns 0, or -1 with ERR_CONFIG for an unknown style, ERR_SYSTEM.
 */
int	mynetworks_default(struct buf *out, const char *style,
	    const char *interfaces, const char *protocols, struct err *err);

#endif
