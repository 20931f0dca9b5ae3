/* The command, and its streams: all in one loop, which never waits for one of them. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct source {
	int fd;
	char type;
};
static struct source sources[3];	/* standard output, standard error, terminal */
static int input = -1;			/* where input goes: a pipe, or the terminal */
static char piece[PIECE];		/* of input, on its way to the command */
static size_t piece_length, piece_done;
static int piece_file = -1, taking;	/* the host waits until we report that we have read its input */
static pid_t command;
static int status = -1;

static void become_command(int ends[3])
{
	sigset_t none;
	int status;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	if (slave >= 0)
		ioctl(slave, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(ends[i], i);
	if (chdir(directory) < 0) {
		dprintf(2, "umlrun: %s: %s\n", directory, strerror(errno));
		_exit(125);
	}
	environ = environment;
	execvp(arguments[0], arguments);
	status = errno == ENOENT ? 127 : 126;
	dprintf(2, "umlrun: %s: %s\n", arguments[0], strerror(errno));
	_exit(status);
}

void start_command(void)
{
	int ends[3];
	for (int i = 0; i < 3; i++) {
		int pair[2];
		sources[i].fd = -1;
		if (streams[i] == 't') {
			ends[i] = slave;
			if (i == 0)
				input = terminal;
		} else if (streams[i] == 'n') {
			ends[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		} else {
			if (pipe2(pair, O_CLOEXEC) < 0)
				fail("make", "a pipe");
			ends[i] = pair[i ? 1 : 0];
			fcntl(pair[i ? 0 : 1], F_SETFL, O_NONBLOCK);
			if (i == 0)
				input = pair[1];
			else
				sources[i - 1] = (struct source){ pair[0], i == 1 ? 'O' : 'E' };
		}
	}
	sources[2] = (struct source){ terminal, 'T' };
	command = fork();
	if (command < 0)
		fail("start", arguments[0]);
	if (command == 0)
		become_command(ends);
	for (int i = 0; i < 3; i++)
		if (ends[i] != slave && ends[i] >= 0)
			close(ends[i]);
}

static void close_input(void)
{
	if (input >= 0 && input != terminal)
		close(input);
	input = -1;
}

/* The announced input has reached the command, or the command has closed its input. */
static void taken(void)
{
	if (piece_file >= 0)
		close(piece_file);
	piece_file = -1;
	piece_length = piece_done = 0;
	taking = 0;
	say('A', "", 0);
}

static void give_input(void)
{
	while (taking) {
		ssize_t n;
		if (piece_done == piece_length) {
			piece_done = piece_length = 0;
			n = piece_file >= 0 ? read(piece_file, piece, sizeof piece) : 0;
			if (n <= 0) {
				taken();
				return;
			}
			piece_length = n;
		}
		if (input < 0) {
			taken();
			return;
		}
		n = write(input, piece + piece_done, piece_length - piece_done);
		if (n > 0) {
			piece_done += n;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			close_input();
			say('C', "", 0);
			taken();
		}
	}
}

static void obey(char type, char *data, size_t length)
{
	struct winsize size = { 0 };
	char name[32];
	if (type == 'I' && length <= sizeof piece) {
		memcpy(piece, data, length);
		piece_length = length;
		taking = 1;
		give_input();
	} else if (type == 'N' && length < sizeof name) {
		memcpy(name, data, length);
		name[length] = 0;
		piece_file = openat(tools, name, O_RDONLY | O_CLOEXEC);
		if (piece_file < 0)
			fail("read input", name);
		taking = 1;
		give_input();
	} else if (type == 'Z') {
		if (input == terminal && terminal >= 0)
			kill(-command, SIGHUP);
		close_input();
	} else if (type == 'W' && length == 4 && terminal >= 0) {
		size.ws_row = (uint8_t)data[0] | (uint8_t)data[1] << 8;
		size.ws_col = (uint8_t)data[2] | (uint8_t)data[3] << 8;
		ioctl(terminal, TIOCSWINSZ, &size);
	} else if (type == 'S' && length == 1 && status < 0) {
		kill(-command, data[0]);
	} else if (type == 'P' && length == 1 && (data[0] == 0 || data[0] == 1)) {
		if (sources[(int)data[0]].fd >= 0)
			close(sources[(int)data[0]].fd);
		sources[(int)data[0]].fd = -1;
	}
}

/* The host sends small pieces: it waits for our report before it sends more. */
static void listen_to_host(void)
{
	static char in[4096];
	static size_t length;
	ssize_t n = read(line, in + length, sizeof in - length);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		reboot(RB_POWER_OFF);
	if (n > 0)
		length += n;
	while (length >= HEAD) {
		size_t size = (uint8_t)in[1] | (uint8_t)in[2] << 8;
		if (HEAD + size > sizeof in)
			reboot(RB_POWER_OFF);
		if (length < HEAD + size)
			return;
		obey(in[0], in + HEAD, size);
		length -= HEAD + size;
		memmove(in, in + HEAD + size, length);
	}
}

static void take_output(struct source *source)
{
	ssize_t n;
	if (room() < HEAD + PIECE)
		return;
	n = read(source->fd, out + out_length + HEAD, PIECE);
	if (n > 0) {
		head(out + out_length, source->type, n);
		out_length += HEAD + n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (source->type != 'T')
			close(source->fd);
		source->fd = -1;
	}
}

static void reap(int signals)
{
	struct signalfd_siginfo info;
	int how;
	pid_t pid;
	if (read(signals, &info, sizeof info) < 0)
		return;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != command || status >= 0)
			continue;
		status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
		/* What the command has left behind ends with it; then the streams come to their end. */
		kill(-1, SIGKILL);
		close_input();
		if (slave >= 0)
			close(slave);
	}
}

void serve(int signals)
{
	char code;
	for (;;) {
		int full = room() < HEAD + PIECE;
		int open_sources = 0;
		struct pollfd p[6] = {
			{ .fd = line, .events = POLLIN | (out_length > out_done ? POLLOUT : 0) },
			{ .fd = signals, .events = POLLIN },
			{ .fd = taking && input >= 0 ? input : -1, .events = POLLOUT },
		};
		for (int i = 0; i < 3; i++) {
			open_sources += sources[i].fd >= 0;
			p[3 + i] = (struct pollfd){ .fd = full ? -1 : sources[i].fd, .events = POLLIN };
		}
		if (status >= 0 && open_sources == 0)
			break;
		if (poll(p, 6, -1) < 0)
			continue;
		if (p[1].revents)
			reap(signals);
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
			listen_to_host();
		if (p[2].revents)
			give_input();
		for (int i = 0; i < 3; i++)
			if (p[3 + i].revents && sources[i].fd >= 0)
				take_output(&sources[i]);
		flush_out();
	}
	if (sync_at_end)
		sync();
	code = status;
	say('X', &code, 1);
	while (!flush_out())
		wait_for_line(POLLOUT);
	for (;;)
		pause();
}
