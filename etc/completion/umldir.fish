# Completion of umldir for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umldir -f
complete -c umldir -o config -r -F -d 'Read this configuration (also: UMLMON_CONFIG).'
complete -c umldir -o json -d 'Print JSON, one document per line.'
complete -c umldir -o list -d 'List the VMs in the directory of this host or of HOST.'
complete -c umldir -o help -d 'Print this summary.'
complete -c umldir -o version -d 'Print the version.'
