# Completion of umlmon for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umlmon -f
complete -c umlmon -o config -r -F -d 'Read this configuration.'
complete -c umlmon -o json -d 'Print JSON documents.'
complete -c umlmon -o help -d 'Print a summary.'
complete -c umlmon -o version -d 'Print the version.'
complete -c umlmon -o fg -d 'Stay in the foreground.'
complete -c umlmon -o plan -d 'Print what a start would do.'
complete -c umlmon -o check -d 'Check configuration and host.'
complete -c umlmon -o cleanup -d 'Remove what a killed monitor has left.'
complete -c umlmon -o units -r -F -d 'Write units for systemd.'
complete -c umlmon -n '__fish_use_subcommand' -a '(umladmin config list 2>/dev/null | sed -n \'s/^\\[\\(.*\\)\\]$/\\1/p\' | grep -vx GLOBAL)'
