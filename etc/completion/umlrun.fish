# Completion of umlrun for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umlrun -f
complete -c umlrun -o config -r -F -d 'Read this configuration.'
complete -c umlrun -o help -d 'Print a summary.'
complete -c umlrun -o version -d 'Print the version.'
complete -c umlrun -o image -r -F -d 'An image with a file system.'
complete -c umlrun -o root -r -F -d 'A directory as root.'
complete -c umlrun -o share -r -F -d 'A directory that the guest sees, too.'
complete -c umlrun -o mem -x -d 'Memory of the guest.'
complete -c umlrun -o net -x -d 'Its network.'
complete -c umlrun -o kernel -r -F -d 'The kernel.'
complete -c umlrun -o user -x -d 'The user of the host.'
complete -c umlrun -o env -x -d 'A variable of the environment.'
complete -c umlrun -n 'true' -a "(__fish_complete_command)"
