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
    (-wait|--wait) choices=(launched kernel guest console ready down); _describe value choices; return ;;
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
    choices=('-config:Read this configuration (also: UMLMON_CONFIG).' '-json:Print JSON, one document per line.' '-mconsole-socket:Control a kernel without a monitor, in place of VM.' '-password-file:Read the password for a remote VM from this file.' '-ca:Trust only hosts with a certificate from these CAs.' '-plain:Connect without TLS, for monitors with tcp = plain.' '-help:Print this summary.' '-version:Print the version.' '-info:Show state, disks, consoles, exit, settings.' '-start:Boot the VM; done when its kernel runs.' '-stop:Ctrl-Alt-Del, then halt, then kill.' '-restart:Stop the VM in order, and start it.' '-kill:End the kernel at once, unasked.' '-ctrlaltdel:Send Ctrl-Alt-Del to the guest.' '-pause:Make the guest stand still.' '-resume:Let a paused guest go on.' '-stats:Show load, memory, disks, traffic.' '-mem-trim:Give freed guest memory to the host.' '-mconsole:Talk to the management console.' '-sysrq:Magic SysRq: s syncs, h helps.' '-ps:List the processes of the guest.' '-stack:Show where a process of the guest is.' '-log-to-guest:Write a line to the log of the guest.' '-wait:Wait until the VM is ready, or down.' '-plug:Give the guest a disk while it runs.' '-unplug:Take a disk from the guest: ubd1.' '-plug-net:Give the guest a network interface.' '-unplug-net:Take an interface from the guest: eth1.' '-connect:Use a console (con1) or serial line (ssl0).' '-who:List who is at the consoles.' '-screen:Show what a console shows now.' '-history:Show what it has shown before.' '-run:Run a command in the shell on con1.' '-send:Type on con1; \r is Enter.' '-expect:Wait until con1 shows a text.' '-log:Print the log; -follow: go on as it grows.' '-events:Print what happens; -since: and what did.' '-security:List logins, refusals, who did what.' '-crashes:List what was kept of crashes.' '-crash:Show a crash: the last one, or NAME.' '-disk:Work on disk images.' '-jobs:List what is done to images.' '-cancel:End such a job early.' '-backup:Copy the disks of a VM that runs.' '-backups:List the backups.' '-restore:Put the disks of a backup back.' '-timeout:Option of expect.' '-observe:Option of connect.' '-force:Option of connect.' '-record:Option of connect.' '-html:Option of screen.' '-lines:Option of history.' '-search:Option of history.' '-on:Option of expect.' '-follow:Option of log.' '-since:Option of events.' '-get:Option of crash.' '-ext4:Option of disk create.' '-filesystem:Option of disk resize.' '-same:Option of disk cow-rebase.')
    _describe -o option choices; return
  fi
  case "$given" in
    (*) (($#given == 0)) && { vms=(${(f)"$(umladmin config list 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p' | grep -vx GLOBAL)"}); _describe VM vms; } ;;
  esac
}
_umlwatch "$@"
