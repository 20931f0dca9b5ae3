# Completion of umlrun for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umlrun -f
complete -c umlrun -o image -r -F -d 'A disk image as the root (shared/disks/root.dsk).'
complete -c umlrun -o root -r -F -d 'A directory of the host as the root.'
complete -c umlrun -o share -r -F -d 'Share this directory of the host. May be repeated.'
complete -c umlrun -o mem -x -d 'Memory of the guest (256M).'
complete -c umlrun -o env -x -d 'Set a variable for the command. May be repeated.'
complete -c umlrun -o kernel -r -F -d 'The kernel, or its directory (shared/kernels/linux).'
complete -c umlrun -o user -x -d 'Run the kernel as this user; only for root.'
complete -c umlrun -o net -x -d 'user: reach the network of the host through pasta(1).'
complete -c umlrun -o config -r -F -d 'Take the directories from this configuration.'
complete -c umlrun -o help -d 'Print this summary.'
complete -c umlrun -o version -d 'Print the version.'
complete -c umlrun -n 'true' -a "(__fish_complete_command)"
