"""What is typed after `stationd`: one file per group of commands."""
