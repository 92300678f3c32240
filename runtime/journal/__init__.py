"""The durable record: its interface, the writer process, SQLite, queries."""
