"""Pictures and tables, made from recordings and from nothing else."""

from lab_servers.views.arrivals import arrival_picture, arrival_table
from lab_servers.views.heads import head_table
from lab_servers.views.hexdump import byte_table
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table

__all__ = ["Picture", "Table", "arrival_picture", "arrival_table", "byte_table", "head_table", "sequence_picture"]
