"""Writes zones.txt: the time zones of phone number prefixes, from PyPI's `phonenumbers`, one line a set of zones.

usage: pip install phonenumbers==9.0.43; python make_zones.py > zones.txt

The data is libphonenumber's resources/timezones/map_data.txt (Copyright The Libphonenumber Authors, Apache License 2.0), as
the package cuts it. Nothing is left out and nothing added, so that table and package answer alike.
"""

import phonenumbers
from phonenumbers.tzdata import TIMEZONE_DATA

sets = {}
for prefix, zones in TIMEZONE_DATA.items():
    sets.setdefault(" ".join(sorted(zones)), []).append(prefix)

print("# Time zones of phone number prefixes: a set of zones, a colon, the prefixes that have it. make_zones.py writes this file.")
print("# libphonenumber's resources/timezones/map_data.txt, Copyright The Libphonenumber Authors, Apache License 2.0,")
print(f"# as cut in PyPI's phonenumbers {phonenumbers.__version__}.")
for zones in sorted(sets):
    print(f"{zones}: {' '.join(sorted(sets[zones]))}")
