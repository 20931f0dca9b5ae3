/* The serial line to the host: frames of a letter, a length of 16 bits, and so many bytes (src/umlrun/streams/frames.ts). */
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

int line = -1;
char out[4 * PIECE];
size_t out_length, out_done;

int flush_out(void)
{
	while (out_done < out_length) {
		ssize_t n = write(line, out + out_done, out_length - out_done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		out_done += n;
	}
	out_length = out_done = 0;
	return 1;
}

size_t room(void)
{
	if (out_done == out_length)
		out_length = out_done = 0;
	return sizeof out - out_length;
}

void wait_for_line(short events)
{
	struct pollfd p = { .fd = line, .events = events };
	poll(&p, 1, -1);
	if (p.revents & (POLLHUP | POLLERR))
		reboot(RB_POWER_OFF);
}

void head(char *at, char type, size_t length)
{
	at[0] = type;
	at[1] = length & 255;
	at[2] = length >> 8;
}

void say(char type, const void *data, size_t length)
{
	while (room() < HEAD + length) {
		wait_for_line(POLLOUT);
		flush_out();
	}
	head(out + out_length, type, length);
	memcpy(out + out_length + HEAD, data, length);
	out_length += HEAD + length;
}

/* The error as text; the host then stops the VM. */
void fail(const char *what, const char *which)
{
	char words[1024];
	int n = snprintf(words, sizeof words, "%s %s: %s", what, which, strerror(errno));
	say('F', words, n < (int)sizeof words ? n : (int)sizeof words - 1);
	while (!flush_out())
		wait_for_line(POLLOUT);
	for (;;)
		pause();
}
