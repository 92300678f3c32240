"""How much of the station each user may take: jobs, requests, results, streams."""
