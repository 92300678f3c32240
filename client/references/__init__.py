"""What is handed out for jobs and their items: frozen snapshots."""
