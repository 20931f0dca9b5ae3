/* Exchanges two names again and again, as fast as it can: name-swapper ONE OTHER */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	for (;;) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE)) return 3;
		/* Now and then a name stays for as long as a few system calls take. */
		for (volatile int wait = (rand() & 63) << 8; wait > 0; wait--);
	}
}
