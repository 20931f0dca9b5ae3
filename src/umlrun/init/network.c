/* Interfaces of the guest: netdevice(7), as a root without any program has nothing else. */
#include "init.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_up(int fd, struct ifreq *request)
{
	if (ioctl(fd, SIOCGIFFLAGS, request) < 0)
		return -1;
	request->ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, request);
}

void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	set_up(fd, &request);
	close(fd);
}

static struct sockaddr ip(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr plain;
	inet_aton(text, &address.sin_addr);
	memcpy(&plain, &address, sizeof plain);
	return plain;
}

void network_up(const char *address, const char *mask, const char *gateway)
{
	struct ifreq request = { .ifr_name = "vec0" };
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	route.rt_dst = route.rt_genmask = ip("0.0.0.0");
	route.rt_gateway = ip(gateway);
	request.ifr_addr = ip(address);
	if (fd < 0 || ioctl(fd, SIOCSIFADDR, &request) < 0)
		fail("set the address of", "vec0");
	request.ifr_netmask = ip(mask);
	if (ioctl(fd, SIOCSIFNETMASK, &request) < 0 || set_up(fd, &request) < 0 || ioctl(fd, SIOCADDRT, &route) < 0)
		fail("set up", "vec0");
	close(fd);
}
