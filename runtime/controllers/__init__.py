"""What stands between the daemon and its controllers: the bus, tickets on their way, children."""
