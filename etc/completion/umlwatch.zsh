#compdef umlwatch
# Completion of umlwatch for zsh. Generated from src/cli/completion by `npm run generate`.
_umlwatch() {
  local -a given vms choices
  local at
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in (-config|--config|-mconsole-socket|--mconsole-socket|-password-file|--password-file|-ca|--ca|-sysrq|--sysrq|-stack|--stack|-log-to-guest|--log-to-guest|-wait|--wait|-plug|--plug|-unplug|--unplug|-plug-net|--plug-net|-unplug-net|--unplug-net|-connect|--connect|-screen|--screen|-history|--history|-run|--run|-send|--send|-expect|--expect|-log|--log|-disk|--disk|-cancel|--cancel|-restore|--restore|-timeout|--timeout|-record|--record|-lines|--lines|-search|--search|-on|--on|-since|--since|-get|--get) ((at++)) ;; (-*) ;; (*) given+=("$words[at]") ;; esac
  done
  case $words[CURRENT-1] in
    (-config|--config) _files; return ;;
    (-mconsole-socket|--mconsole-socket) _files; return ;;
    (-password-file|--password-file) _files; return ;;
    (-ca|--ca) _files; return ;;
    (-sysrq|--sysrq) _message argument; return ;;
    (-stack|--stack) _message argument; return ;;
    (-log-to-guest|--log-to-guest) _message argument; return ;;
    (-wait|--wait) choices=(launched kernel guest console ready stopped); _describe value choices; return ;;
    (-plug|--plug) _message argument; return ;;
    (-unplug|--unplug) _message argument; return ;;
    (-plug-net|--plug-net) _message argument; return ;;
    (-unplug-net|--unplug-net) _message argument; return ;;
    (-connect|--connect) choices=(con0 con1 con2 con3 ssl0 ssl1); _describe value choices; return ;;
    (-screen|--screen) choices=(con0 con1 con2 con3 ssl0 ssl1); _describe value choices; return ;;
    (-history|--history) choices=(con0 con1 con2 con3 ssl0 ssl1); _describe value choices; return ;;
    (-run|--run) _message argument; return ;;
    (-send|--send) _message argument; return ;;
    (-expect|--expect) _message argument; return ;;
    (-log|--log) choices=(con0 con1 con2 con3 ssl0 ssl1); _describe value choices; return ;;
    (-disk|--disk) choices=(list info create delete copy resize convert check cow-create cow-merge cow-rebase snapshot rollback snapshot-delete); _describe value choices; return ;;
    (-cancel|--cancel) _message argument; return ;;
    (-restore|--restore) _message argument; return ;;
    (-timeout|--timeout) _message argument; return ;;
    (-record|--record) _message argument; return ;;
    (-lines|--lines) _message argument; return ;;
    (-search|--search) _message argument; return ;;
    (-on|--on) choices=(con0 con1 con2 con3 ssl0 ssl1); _describe value choices; return ;;
    (-since|--since) _message argument; return ;;
    (-get|--get) _message argument; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-mconsole-socket:Control a kernel without a monitor, in place of VM.' '-password-file:Read the password for a remote VM from this file.' '-ca:Trust only hosts with a certificate from these CAs.' '-plain:Connect without TLS, for monitors with tcp = plain.' '-help:Print this summary.' '-version:Print the version.' '-info:Show state, warnings, disks and settings.' '-start:Start the VM; return when its guest runs.' '-stop:Send Ctrl-Alt-Del, then halt, then kill.' '-restart:Stop the guest cleanly, and start it again.' '-kill:Kill the kernel immediately.' '-ctrlaltdel:Send Ctrl-Alt-Del to the guest.' '-pause:Pause the guest.' '-resume:Resume a paused guest.' '-stats:Show CPU, memory, disk and network usage.' '-mem-trim:Return free guest memory to the host.' '-mconsole:Send a command to the management console.' '-sysrq:Send a magic SysRq: s syncs, h lists all.' '-ps:List the processes of the guest.' '-stack:Show the kernel stack of a guest process.' '-log-to-guest:Write a line to the kernel log of the guest.' '-wait:Wait for a readiness level, or for the stop.' '-plug:Attach a disk to the running guest.' '-unplug:Detach a disk from the running guest.' '-plug-net:Attach a network interface to the guest.' '-unplug-net:Detach a network interface.' '-connect:Attach to a console (con1) or line (ssl0).' '-who:List the viewers of the consoles.' '-screen:Print the current screen of a console.' '-history:Print the scrollback of a console.' '-run:Run a command in the shell on con1.' '-send:Type text on con1; \r is Enter.' '-expect:Wait until con1 prints a pattern.' '-log:Print the log of a console, or follow it.' '-events:Follow events; -since N replays earlier ones.' '-security:List logins, refusals and actions of clients.' '-crashes:List the crash bundles.' '-crash:Show a crash bundle; by default the last one.' '-disk:Manage disk images.' '-jobs:List the disk jobs.' '-cancel:Cancel a disk job.' '-backup:Back up the disks of the running VM.' '-backups:List the backups.' '-restore:Restore the disks from a backup.' '-timeout:Option of expect.' '-observe:Option of connect.' '-force:Option of connect.' '-record:Option of connect.' '-html:Option of screen.' '-lines:Option of history.' '-search:Option of history.' '-on:Option of expect.' '-follow:Option of log.' '-since:Option of events.' '-get:Option of crash.' '-ext4:Option of disk create.' '-filesystem:Option of disk resize.' '-same:Option of disk cow-rebase.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given == 0)) && { vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms; } ;;
  esac
}
_umlwatch "$@"
