/*
 * The init of a throw-away VM (umlrun(1)). Its root is a directory of the host, mounted read-only through hostfs; there
 * it finds `run/job`: what to mount, and what to run. It goes over into the real root, runs the command, and carries its
 * streams over one serial line, in frames (src/umlrun/frames.ts): nothing else is exact, paced, and knows an end of file.
 * The image of the guest needs nothing for this, not even a shell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ROOT "/m"
#define PIECE 32768
#define HEAD 3

static int line = -1;			/* the serial line to the host */
static int tools = -1;			/* directory with the pieces of input */
static char out[4 * PIECE];		/* frames on their way to the host */
static size_t out_length, out_done;
static char *job, *job_end;

struct source { int fd; char type; };
static struct source sources[3];	/* standard output, standard error, terminal */
static int input = -1;			/* where input goes: a pipe, or the terminal */
static int terminal = -1, slave = -1;
static char piece[PIECE];		/* of input, on its way to the command */
static size_t piece_length, piece_done;
static int piece_file = -1, taking;	/* the host waits for our word that we have taken its input */
static pid_t command;
static int status = -1;

static int flush_out(void)
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

static size_t room(void)
{
	if (out_done == out_length)
		out_length = out_done = 0;
	return sizeof out - out_length;
}

static void wait_for_line(short events)
{
	struct pollfd p = { .fd = line, .events = events };
	poll(&p, 1, -1);
	if (p.revents & (POLLHUP | POLLERR))
		reboot(RB_POWER_OFF);
}

static void head(char *at, char type, size_t length)
{
	at[0] = type;
	at[1] = length & 255;
	at[2] = length >> 8;
}

static void say(char type, const void *data, size_t length)
{
	while (room() < HEAD + length) {
		wait_for_line(POLLOUT);
		flush_out();
	}
	head(out + out_length, type, length);
	memcpy(out + out_length + HEAD, data, length);
	out_length += HEAD + length;
}

/* What went wrong, in words; the host ends the VM. */
static void fail(const char *what, const char *which)
{
	char words[1024];
	int n = snprintf(words, sizeof words, "%s %s: %s", what, which, strerror(errno));
	say('F', words, n < (int)sizeof words ? n : (int)sizeof words - 1);
	while (!flush_out())
		wait_for_line(POLLOUT);
	for (;;)
		pause();
}

static char *next(void)
{
	char *word = job;
	if (job >= job_end)
		return "";
	job += strlen(job) + 1;
	return word;
}

static void read_job(void)
{
	struct stat st;
	int fd = open("/run/job", O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !(job = malloc(st.st_size + 1)))
		fail("read", "the job");
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, job + done, st.st_size - done);
		if (n <= 0)
			fail("read", "the job");
		done += n;
	}
	close(fd);
	job[done] = 0;
	job_end = job + done;
}

/* mkdir -p; whether it worked, its user will see. */
static void make_directory(const char *path)
{
	char part[4096];
	for (size_t i = 1; i < sizeof part && path[i - 1]; i++)
		if (path[i] == '/' || path[i] == 0) {
			memcpy(part, path, i);
			part[i] = 0;
			mkdir(part, 0755);
		}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
		request.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
}

/* The real root becomes the root; the old one stays reachable through `tools` only. */
static void enter_root(void)
{
	symlink("/proc/self/fd", ROOT "/dev/fd");
	symlink("/proc/self/fd/0", ROOT "/dev/stdin");
	symlink("/proc/self/fd/1", ROOT "/dev/stdout");
	symlink("/proc/self/fd/2", ROOT "/dev/stderr");
	tools = open("/run/in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tools < 0 || chdir(ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		fail("enter", "the root file system");
}

static void open_terminal(unsigned short rows, unsigned short columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };
	int unlocked = 0;
	terminal = open(ROOT "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (terminal < 0 || ioctl(terminal, TIOCSPTLCK, &unlocked) < 0)
		fail("open", "a terminal");
	ioctl(terminal, TIOCSWINSZ, &size);
	slave = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("open", "a terminal");
}

static char *arguments[32768], *environment[4096];
static char *directory = "/", streams[3];
static int sync_at_end;

static void do_job(void)
{
	size_t argc = 0, envc = 0;
	while (job < job_end) {
		char *verb = next();
		int may_fail = *verb == '?';
		if (may_fail)
			verb++;
		if (!strcmp(verb, "mount")) {
			char *type = next(), *from = next(), *to = next(), *options = next();
			unsigned long flags = strtoul(next(), NULL, 10);
			make_directory(to);
			if (mount(from, to, type, flags, options) < 0 && !may_fail)
				fail("mount at", to + (!strncmp(to, ROOT "/", 3) ? 2 : 0));
		} else if (!strcmp(verb, "module")) {
			char *path = next();
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			if ((fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) && !may_fail)
				fail("load", path);
			if (fd >= 0)
				close(fd);
		} else if (!strcmp(verb, "mkdir")) {
			make_directory(next());
		} else if (!strcmp(verb, "hostname")) {
			char *name = next();
			sethostname(name, strlen(name));
		} else if (!strcmp(verb, "terminal")) {
			unsigned short rows = atoi(next());
			open_terminal(rows, atoi(next()));
		} else if (!strcmp(verb, "streams")) {
			memcpy(streams, next(), sizeof streams);
		} else if (!strcmp(verb, "sync")) {
			sync_at_end = 1;
		} else if (!strcmp(verb, "directory")) {
			directory = next();
		} else if (!strcmp(verb, "env") && envc < sizeof environment / sizeof *environment - 1) {
			environment[envc++] = next();
		} else if (!strcmp(verb, "arg") && argc < sizeof arguments / sizeof *arguments - 1) {
			arguments[argc++] = next();
		} else {
			errno = E2BIG;
			fail("take", verb);
		}
	}
}

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

static void start_command(void)
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

/* The input that was announced is with the command, or nobody wants it. */
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

/* The host sends little at once: it waits for our word before it sends more. */
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

static void serve(int signals)
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

int main(void)
{
	struct termios raw;
	sigset_t child;
	line = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (line < 0 || tcgetattr(line, &raw) < 0)
		reboot(RB_POWER_OFF);
	cfmakeraw(&raw);
	tcsetattr(line, TCSANOW, &raw);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (int i = 0; i < 3; i++)
		sources[i].fd = -1;
	umask(022);
	read_job();
	loopback_up();
	do_job();
	enter_root();
	start_command();
	say('H', "", 0);
	serve(signalfd(-1, &child, SFD_CLOEXEC));
}
