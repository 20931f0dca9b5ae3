# Sourced by the other set-up scripts, from the top directory: brings everything a checkout needs and names it.
#   UMLMON_TEST_KERNEL   the kernel directory (kernel.sh)
#   UMLMON_TEST_IMAGE    the demo guest's root image (image.sh); it is only ever copied
# Either may be set beforehand to use another one.
set -eu
packages=${packages:-run build}

# shellcheck disable=SC2086 # A list of names.
sh src/setup/packages.sh $packages
sh src/setup/node.sh
UMLMON_TEST_KERNEL=${UMLMON_TEST_KERNEL:-$(sh src/setup/kernel.sh)}
export UMLMON_TEST_KERNEL

if [ -z "${UMLMON_TEST_IMAGE-}" ]; then
  UMLMON_TEST_IMAGE=$(dirname "$UMLMON_TEST_KERNEL")/demo.img
  if [ ! -e "$UMLMON_TEST_IMAGE" ] ||
    [ -n "$(find src/setup/image.sh src/setup/demo-root "$(command -v busybox)" -newer "$UMLMON_TEST_IMAGE")" ]; then
    sh src/setup/image.sh "$UMLMON_TEST_IMAGE"
  fi
  export UMLMON_TEST_IMAGE
fi
