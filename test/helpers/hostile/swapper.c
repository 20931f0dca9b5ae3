/* Exchanges two names, over and over, until its standard input ends; then prints the number of exchanges. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

int main(int argc, char **argv) {
  struct pollfd input = {0, POLLIN, 0};
  long count = 0;
  if (argc != 3) return 2;
  printf("go\n");
  fflush(stdout);
  while (poll(&input, 1, 0) == 0)
    for (int i = 0; i < 16; i++)
      /* A name that is being mounted may be busy for a moment. */
      if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0) count++;
  printf("%ld\n", count);
  return 0;
}
