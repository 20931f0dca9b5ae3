# Completion of umlmon for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umlmon -f
complete -c umlmon -o config -r -F -d 'Read this configuration (also: UMLMON_CONFIG).'
complete -c umlmon -o json -d 'Print JSON, one document per line.'
complete -c umlmon -o fg -d 'Stay in the foreground and log to standard error.'
complete -c umlmon -o plan -d 'Print what a start would do, and change nothing.'
complete -c umlmon -o check -d 'Check the configuration, and this host for the VM.'
complete -c umlmon -o cleanup -d 'Remove and list leftovers of a killed monitor.'
complete -c umlmon -o units -r -F -d 'Write the systemd units of all VMs to this directory.'
complete -c umlmon -o help -d 'Print this summary.'
complete -c umlmon -o version -d 'Print the version.'
complete -c umlmon -n '__fish_use_subcommand' -a '(umladmin config list 2>/dev/null | sed -n \'s/^\\[\\(.*\\)\\]$/\\1/p\' | grep -vx GLOBAL)'
