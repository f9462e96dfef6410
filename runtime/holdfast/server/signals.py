"""Which signals ask a server to stop."""

import signal


def stop_signals() -> tuple[signal.Signals, ...]:
    """SIGTERM, Ctrl-C, and the end of the terminal, unless that was to be outlived (`nohup`)."""
    outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    always = (signal.SIGTERM, signal.SIGINT)
    return always if outlives_terminal else (*always, signal.SIGHUP)
