/*
 * The init of a throw-away VM (umlrun(1)). Its root is a directory of the host, mounted read-only through hostfs; there
 * it finds `run/job`: the mounts and the command. It changes to the real root, runs the command, and carries its streams
 * in frames over one serial line (src/umlrun/streams/frames.ts). Only that is exact, paced, and carries an end of
 * file. The image of the guest needs no support for this, not even a shell.
 */
#include "init.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

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
	umask(022);
	loopback_up();
	do_job();
	enter_root();
	start_command();
	say('H', "", 0);
	serve(signalfd(-1, &child, SFD_CLOEXEC));
}
