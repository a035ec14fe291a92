"""What is measured on recordings: bytes by their use, times of messages, and honest statistics of both."""
