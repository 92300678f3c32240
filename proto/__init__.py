"""The vocabulary and the wire: statuses, jobs, messages, codec, errors, and the socket adaptor."""
