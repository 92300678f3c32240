"""Looking jobs up, and searching for them."""
