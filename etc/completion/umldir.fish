# Completion of umldir for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umldir -f
complete -c umldir -o config -r -F -d 'Read this configuration.'
complete -c umldir -o json -d 'Print JSON documents.'
complete -c umldir -o help -d 'Print a summary.'
complete -c umldir -o version -d 'Print the version.'
complete -c umldir -o list -d 'Print what a directory knows.'
