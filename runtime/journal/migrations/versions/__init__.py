"""One module for each format of the journal, named for its version."""
