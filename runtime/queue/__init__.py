"""The queue and its policy: who goes to the instruments next."""
