#!/bin/sh
# Lets a process run a tenth of the time, as long as it lives, so that what it does can be seen: slow-motion.sh PID
while kill -STOP "$1" 2>/dev/null; do
  sleep 0.09
  kill -CONT "$1" 2>/dev/null
  sleep 0.01
done
