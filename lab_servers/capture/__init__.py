"""The relay and what it records: captures, network conditions, pcapng files."""
