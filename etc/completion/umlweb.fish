# Completion of umlweb for fish. Generated from src/cli/completion by `npm run generate`.
complete -c umlweb -f
complete -c umlweb -o config -r -F -d 'Read this configuration (also: UMLMON_CONFIG).'
complete -c umlweb -o help -d 'Print this summary.'
complete -c umlweb -o version -d 'Print the version.'
